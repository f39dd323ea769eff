"""Word2vec at finite and infinite width, as in the code released with Yang & Hu (2021), section 9.

A CBOW net with negative sampling is a linear net of one hidden layer: f(J, τ) = v_τ · mean_{j in J} u_j. With u at
variance 1/n, v at 0 and one learning rate for all widths it is in μP, and its limit is (Cor. 6.2 with σ_v = 0) the same
training at width |V| from u = I: only the blocks B and D of the four are ever away from zero.

Where that code and the paper's text differ, this follows the code: v starts at zero (text: variance 1/n), u is uniform,
25 negatives are drawn from count^0.75 (text: uniformly, the word itself having p = 1/21), analogies are answered with
normalized vectors (text: inner products), and the loss is the usual −log σ(f) − Σ log σ(−f) (text: 1−σ for σ).

It departs from that code in what does not change the method: one thread and a fixed order of examples, σ itself in
place of a table of it, negatives from their exact distribution in place of a table of 10⁸ words, and the last words of
the text held out for the loss. Word 0 is a word like any other (there: the end of a sentence).
"""
