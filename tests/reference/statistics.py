"""Expected values for measure/: what SciPy and statsmodels say, on inputs written here.

    pip install scipy==1.17.1 statsmodels==0.15.0 numpy==2.4.6
    python tests/reference/statistics.py > tests/cases/statistics.json

Where neither library has a method (Tango's interval, mid-p, clustered errors of a mean by hand), the value is derived
here in another way than the C++ does it, and the entry says how.
"""

import json

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint

SCORES = [1, 0.5, 0.75, 1, 0, 0.25, 1, 0.8, 0.6, 0.9, 1, 0.4, 0.3, 1, 0.7, 1, 0.85, 0.65, 1, 0.1,
          1, 0.55, 0.95, 0.35, 1, 1, 0.45, 0.2, 1, 0.15]
OTHER = [1, 0.25, 0.5, 1, 0.25, 0, 0.9, 0.8, 0.2, 0.7, 1, 0.5, 0.1, 0.8, 0.7, 1, 0.6, 0.65, 0.75, 0,
         1, 0.3, 0.95, 0.35, 0.8, 1, 0.2, 0.1, 1, 0.4]
CLUSTERS = [0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 4, 4, 5, 5, 5, 6, 7, 7, 8, 8, 8, 8, 9, 9, 10, 11, 11, 12, 12, 12]


def distributions():
    return {
        "normal_quantile": [[p, stats.norm.ppf(p)] for p in (1e-9, 1e-4, 0.025, 0.3, 0.5, 0.8, 0.975, 0.999999)],
        "normal_distribution": [[x, stats.norm.cdf(x)] for x in (-8, -2.5, -0.1, 0, 1.3, 4)],
        "beta_distribution": [[x, a, b, stats.beta.cdf(x, a, b)]
                              for x, a, b in ((0.3, 2, 5), (0.01, 0.5, 0.5), (0.97, 120, 4), (0.5, 400, 380), (0.2, 1, 1))],
        "beta_quantile": [[p, a, b, stats.beta.ppf(p, a, b)] for p, a, b in ((0.025, 3, 28), (0.975, 970, 31), (0.5, 0.7, 2))],
        "student_distribution": [[t, v, stats.t.cdf(t, v)] for t, v in ((-2.1, 9), (0.4, 3.5), (1.98, 99), (0, 7))],
        "student_quantile": [[p, v, stats.t.ppf(p, v)] for p, v in ((0.975, 1), (0.975, 29), (0.1, 12), (0.9999, 4))],
        "binomial_distribution": [[k, n, p, stats.binom.cdf(k, n, p)] for k, n, p in ((3, 20, 0.5), (0, 7, 0.2), (480, 1000, 0.5))],
        "binomial_mass": [[k, n, p, stats.binom.pmf(k, n, p)] for k, n, p in ((3, 20, 0.5), (0, 7, 0.2), (480, 1000, 0.5))],
    }


def shares():
    cases = [(0, 30), (1, 30), (27, 30), (30, 30), (45, 100), (98, 100), (291, 300), (700, 1000)]
    return [{"successes": k, "trials": n,
             "wilson": proportion_confint(k, n, method="wilson"),
             "clopper_pearson": proportion_confint(k, n, method="beta")} for k, n in cases]


def tango(both, only_a, only_b, neither):
    """The score interval with the nuisance share found by numeric likelihood maximisation instead of its closed form."""
    n = both + only_a + only_b + neither

    def score(delta):
        def negative_log_likelihood(c):
            b = c + delta
            rest = 1 - b - c
            if b < 0 or c < 0 or rest < 0:
                return 1e300
            total = 0.0
            for count, share in ((only_a, b), (only_b, c), (both + neither, rest)):
                if count:
                    if share <= 0:
                        return 1e300
                    total -= count * np.log(share)
            return total

        low, high = max(0.0, -delta), (1 - delta) / 2
        c = optimize.minimize_scalar(negative_log_likelihood, bounds=(low, high), method="bounded",
                                     options={"xatol": 1e-13}).x
        variance = n * (2 * c + delta * (1 - delta))
        return (only_a - only_b - n * delta) / np.sqrt(variance)

    z = stats.norm.ppf(0.975)
    estimate = (only_a - only_b) / n
    low = optimize.brentq(lambda d: score(d) - z, -1 + 1e-9, estimate, xtol=1e-12)
    high = optimize.brentq(lambda d: score(d) + z, estimate, 1 - 1e-9, xtol=1e-12)
    return low, high


def pairs():
    cases = [(50, 14, 5, 31), (80, 6, 0, 14), (20, 3, 9, 18), (200, 40, 40, 20), (90, 1, 2, 7), (10, 0, 12, 8)]
    result = []
    for both, a, b, neither in cases:
        table = [[both, a], [b, neither]]
        fewer, n = min(a, b), a + b
        mid = 2 * stats.binom.cdf(fewer, n, 0.5) - stats.binom.pmf(fewer, n, 0.5)
        if a == b:
            mid = 1 - stats.binom.pmf(fewer, n, 0.5)
        result.append({"both": both, "only_a": a, "only_b": b, "neither": neither,
                       "exact": mcnemar(table, exact=True).pvalue, "mid_p": mid,
                       "tango": tango(both, a, b, neither)})
    return result


def bootstrap():
    """SciPy's own bootstrap with very many resamples; ours must agree within the noise of its 2,000."""
    scores, differences = np.array(SCORES), np.array(SCORES) - np.array(OTHER)
    generator = np.random.default_rng(20240601)

    def interval(values, method):
        r = stats.bootstrap((values,), np.mean, n_resamples=200000, method=method, batch=2000, random_state=generator)
        return [r.confidence_interval.low, r.confidence_interval.high]

    return {"scores": SCORES, "other": OTHER,
            "mean_percentile": interval(scores, "percentile"), "mean_bca": interval(scores, "BCa"),
            "difference_mean": float(differences.mean()),
            "difference_percentile": interval(differences, "percentile"), "difference_bca": interval(differences, "BCa"),
            "paired_t_p_value": stats.ttest_rel(SCORES, OTHER).pvalue,
            "permutation_p_value": stats.permutation_test((scores, np.array(OTHER)), lambda x, y: np.mean(x - y),
                                                          permutation_type="samples", n_resamples=200000,
                                                          random_state=generator).pvalue}


def clustered():
    """statsmodels' cluster-robust covariance of a regression on a constant, without its small-sample factor."""
    model = sm.OLS(np.array(SCORES), np.ones(len(SCORES)))
    robust = model.fit(cov_type="cluster", cov_kwds={"groups": np.array(CLUSTERS), "use_correction": False})
    return {"scores": SCORES, "clusters": CLUSTERS, "clustered_standard_error": robust.bse[0],
            "standard_error": stats.sem(SCORES), "t_interval": stats.t.interval(0.95, len(SCORES) - 1, np.mean(SCORES), stats.sem(SCORES))}


def holm():
    p = [0.01, 0.04, 0.03, 0.005, 0.5, 0.011]
    return {"p_values": p, "adjusted": list(multipletests(p, method="holm")[1])}


def power():
    """Large n, so that the noncentral t of statsmodels and the normal approximation agree to four digits."""
    result = []
    for n, share in ((20000, 0.1), (50000, 0.2), (30000, 0.3)):
        effect = TTestPower().solve_power(nobs=n, alpha=0.05, power=0.8, alternative="two-sided")
        result.append({"items": n, "discordant_share": share, "difference": effect * np.sqrt(share)})
    return result


def quantiles():
    return {"values": SCORES, "quantiles": [[q, float(np.quantile(SCORES, q))] for q in (0, 0.05, 0.5, 0.9, 0.95, 1)]}


def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value


print(json.dumps(plain({
    "made_by": "tests/reference/statistics.py with scipy %s, statsmodels %s, numpy %s"
               % (scipy.__version__, statsmodels.__version__, np.__version__),
    "distributions": distributions(), "shares": shares(), "pairs": pairs(), "bootstrap": bootstrap(),
    "clustered": clustered(), "holm": holm(), "power": power(), "quantiles": quantiles()}), indent=1))
