"""What every metric of the tables is: its definition, and its unit where it has one.

Losses are in the units of the experiment's loss: nats for the cross-entropy, squared targets for the mean squared
error. A metric with an index is one entry of an array, or one number for each of what the index counts.
"""

from typing import NamedTuple


class Metric(NamedTuple):
    """What a metric is, and in which unit ("" for a pure number)."""

    what: str
    unit: str = ""


_LOSS, _KERNEL = "loss", "preactivation²"

#: By name: what trainings measure, then what computations find.
METRICS: dict[str, Metric] = {
    "train_loss": Metric("loss on the first training examples, as many as test examples", _LOSS),
    "test_loss": Metric("loss on the test set", _LOSS),
    "train_accuracy": Metric("share of right answers on the training set"),
    "test_accuracy": Metric("share of right answers on the test set"),
    "diverged": Metric(
        "number of updates after which the loss was not finite any more; the row is at that step", "steps"
    ),
    "test_loss_of_part": Metric("loss on equal parts (index) of the test set, at the end", _LOSS),
    "correct_logit": Metric(
        "logit of the right answer at followed test points (index), less the mean over answers; of one output y·f",
        "logit",
    ),
    "output_scale": Metric("root mean square of the outputs on the first batch", "logit"),
    "single_loss": Metric("test loss of each seed's net (index), as the ensemble's are computed", _LOSS),
    "ensemble_loss": Metric("test loss of the average of all seeds' logits", _LOSS),
    "ensemble_accuracy": Metric("share of right answers of the average of all seeds' logits"),
    "ensemble_loss_probabilities": Metric("test loss of the average of all seeds' probabilities", "nats"),
    "ensemble_loss_without": Metric("test loss of the averaged logits of all seeds but one (index)", _LOSS),
    "ensemble_loss_of": Metric("test loss of the averaged logits of so many seeds (index), mean over choices", _LOSS),
    "logit_variance": Metric(
        "unbiased variance over seeds of the logits less their mean over outputs, mean over examples and outputs",
        "logit²",
    ),
    "ensemble_square": Metric(
        "mean square of all seeds' average logits less their mean over outputs, without what the variance adds",
        "logit²",
    ),
    "logit_deviation": Metric("part of each seed (index) in logit_variance, which is the mean of these", "logit²"),
    "relative_change": Metric("‖h_t − h_0‖/‖h_0‖ of a layer's preactivations on the first batch"),
    "gradient_norm": Metric(
        "root mean square over the first batch of ‖∂ℓ/∂h‖, ℓ one example's loss", "loss/preactivation"
    ),
    "alignment": Metric("‖W_0 Δz‖/(‖W_0‖_op ‖Δz‖) of a layer's input z on the first batch, Δz its change"),
    "alignment_random": Metric("alignment with a Gaussian in the place of Δz"),
    "kernel": Metric("feature kernel: Gram matrix [P, P] of a layer's preactivations over their number", _KERNEL),
    "preactivation": Metric("preactivations [points, units] of a sample of a layer's units", "preactivation"),
    "bin_centre": Metric("centres of the bins of density", "as what is binned"),
    "density": Metric("density of a layer's preactivations, or of all nets' radii |θ|, in each bin", "1/bin_centre"),
    "attention": Metric("attention map [places, places] of the first test window, mean over heads"),
    "attention_entropy": Metric("−Σ a log a of a place's attention, mean over places, heads and windows", "nats"),
    "parameter_norm": Metric("Frobenius norm of a parameter"),
    "parameter_change": Metric("Frobenius norm of a parameter's change since initialisation"),
    "sharpness": Metric("η λ_max of the Hessian of the training loss; gradient descent is stable below 2"),
    "ntk_eigenvalue": Metric(
        "eigenvalues of the empirical NTK by rank (index), rates in units of the base rate", "logit²"
    ),
    "ntk_task_power": Metric("share of the centred labels within the leading eigenvectors of the NTK, up to index"),
    "ntk_alignment": Metric("cosine of each seed's NTK (index) with their mean"),
    "limit_output": Metric("output of the infinite net at a fixed input"),
    "output_mean": Metric("mean over nets of the output at a fixed input"),
    "output_std": Metric("standard deviation over nets of the output at a fixed input"),
    "trained_deviation": Metric("root mean square of f_n − f_∞ over outputs and ±1 inputs after training"),
    "sampled_deviation": Metric("the same of a net whose neurons are drawn from the infinite one"),
    "output": Metric("output of a net at fixed inputs (index)"),
    "initial_product": Metric("rms(W_0 x)/(rms(W_0) rms(x)) of a layer"),
    "update_product": Metric("rms(ΔW x)/(rms(ΔW) rms(x)) of a layer after training"),
    "initial_size": Metric("root mean square of a layer's W_0 x at initialisation"),
    "update_size": Metric("root mean square of a layer's ΔW x after training"),
    "layer_part": Metric("‖ΔW x‖/‖Δh‖: the part of a layer's own weights in the change of its preactivations"),
    "useful_update": Metric("−∂L/∂h·Δh over the initial loss: what a layer's change takes off the loss"),
    "loss_decrease": Metric("share of the initial train loss that training has taken off"),
    "step_error": Metric("rms of f_(t+1) − f_t + η K L′ over that of f_(t+1) − f_t, K the net's kernel or the limit's"),
    "kernel_deviation": Metric("‖K − K_∞‖/‖K_∞‖ of a net's kernel at initialisation"),
    "entry_change": Metric("root mean square of the change of a layer's weights over that of their initial values"),
    "linear_threshold": Metric("2/λ, λ the largest eigenvalue of the tangent kernel that descends"),
    "largest_rate": Metric("largest learning rate at which no loss exceeds the initial one"),
    "overlap": Metric("cosine of W_0ᵀ d, or of what an independent matrix makes of d, with the layer's input x"),
    "standard_error": Metric("standard error of the limit's logits, which are means over samples", "logit"),
    "loss": Metric("½(f − y)² of the example that a step learns; of word vectors the mean −log σ(±f) held out", _LOSS),
    "limit_loss": Metric("½(f − y)² of the infinite net on the same example", _LOSS),
    "deviation": Metric("|f_n − f_∞| at the last example, or its root mean square over steps"),
    "ntk_train_loss": Metric("train loss of the lazy limit, whose kernel does not move", _LOSS),
    "ntk_kernel": Metric("kernel [P, P] of the inputs, that of all layers in the lazy limit", _KERNEL),
    "risk": Metric("mean of (y − f)² on fresh points, or exactly over all"),
    "limit_risk": Metric("the mean-field limit's (y − f)² on the same points as the nets'"),
    "reduced_risk": Metric("risk of the reduced dynamics, those of dimension d → ∞"),
    "distance": Metric("root mean square of the difference of a net's function from the mean-field limit's"),
    "wasserstein": Metric("1-Wasserstein distance of a net's radii |θ| from the limit's", "|θ|"),
    "limit_density": Metric("density of the limit's radii |θ| in each bin", "1/|θ|"),
    "relative_change_exponent": Metric("exponent in the width of relative_change after one step, at infinite width"),
    "relative_change_prefactor": Metric("relative_change after one step over that power of the width"),
    "output_scale_exponent": Metric("exponent in the width of output_scale at initialisation"),
    "output_scale_prefactor": Metric("output_scale at initialisation over that power of the width", "logit"),
    "gradient_norm_exponent": Metric("exponent in the width of gradient_norm at initialisation"),
    "gradient_norm_prefactor": Metric("gradient_norm at initialisation over that power", "loss/preactivation"),
    "g_exponent": Metric("exponent in the width of a layer's multiplier g at richness 0"),
    "g_slope": Metric("change of that exponent per unit of richness"),
    "sigma_exponent": Metric("exponent in the width of a layer's initial standard deviation σ at richness 0"),
    "sigma_slope": Metric("change of that exponent per unit of richness"),
    "eta_exponent": Metric("exponent in the width of a layer's learning rate η at richness 0"),
    "eta_slope": Metric("change of that exponent per unit of richness"),
    "unknown": Metric("columns of the linear system of desiderata, named by the layer"),
    "coefficient": Metric("coefficient of an unknown (index) in an equation (layer)"),
    "right": Metric("right side of an equation (layer)"),
    "freedom": Metric("dimension of the solutions of the equations up to this one"),
    "a": Metric("a of a layer: its multiplier is n^(−a)"),
    "b": Metric("b of a layer: its initial entries are N(0, n^(−2b))"),
    "c": Metric("c: the learning rate is n^(−c)"),
    "s": Metric("a + b of the readout"),
    "v": Metric("2a + c of the readout"),
    "r": Metric("features move by n^(−r)"),
    "stable": Metric("whether a parametrization is stable (1 or 0)"),
    "nontrivial": Metric("whether its function moves in the limit (1 or 0)"),
    "feature_learning": Metric("whether its features move in the limit (1 or 0)"),
    "kernel_regime": Metric("whether its limit is a kernel's (1 or 0)"),
    "vanishes": Metric("whether its hidden activations vanish at initialisation (1 or 0)"),
    "verdict": Metric("what a face of the polyhedron is: 0 unstable, 1 trivial, 2 kernel, 3 feature learning"),
    "grid_s": Metric("s of a point of the grid"),
    "grid_v": Metric("v of a point of the grid"),
    "grid_r": Metric("r of a point of the grid"),
    "grid_inside": Metric("whether the inequalities of the polyhedron hold at a point of the grid (1 or 0)"),
    "grid_verdict": Metric("verdict of the classifier at a point of the grid"),
    "size": Metric("length of a dimension (index) of a parameter (layer)"),
    "wide": Metric("whether a dimension (index) of a parameter grows with the width (1 or 0)"),
    "wide_dimensions": Metric("number of dimensions of a parameter that grow with the width"),
    "role_embedding": Metric("1 for parameters of this role: only the last dimension grows"),
    "role_hidden": Metric("1 for parameters of this role: two dimensions grow"),
    "role_norm": Metric("1 for parameters of this role: gains and biases"),
    "role_output": Metric("1 for parameters of this role: only the fan-in grows"),
    "accuracy": Metric("share of right answers to word analogies"),
    "accuracy_semantic": Metric("the same of semantic analogies"),
    "accuracy_syntactic": Metric("the same of syntactic analogies"),
    "n_questions": Metric("number of analogies that are asked, by kind (layer)"),
    "separation": Metric(
        "squared distance of the means of two classes of words over the spread within them; 0 for random ones"
    ),
    "similarity": Metric("cosine of a pair (index) of frequent words"),
    "pca_x": Metric("first principal component of a word (layer) of a class (index)"),
    "pca_y": Metric("second principal component of a word (layer) of a class (index)"),
    "clipped_fraction": Metric("share of an epoch's outer steps whose gradient was clipped"),
    "validation_accuracy": Metric("share of right answers on validation tasks after one step of adaptation"),
}
