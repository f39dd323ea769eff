"""Claims on the mean field theory of wide nets; thresholds were fixed before running."""

from infwidth.papers.bordelon2022.claims import approximations, cnn, costs, linear, nonlinear

CLAIMS = (*nonlinear.CLAIMS, *linear.CLAIMS, *approximations.CLAIMS, *cnn.CLAIMS, *costs.CLAIMS)
