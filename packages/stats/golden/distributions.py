"""Reference values for src/distributions, to 40 digits: python3 golden/distributions.py > golden/distributions.json (mpmath 1.3)."""
import json
from mpmath import mp, mpf, exp, log, log1p, erfc, sqrt, loggamma

mp.dps = 60


def text(value):
    return mp.nstr(value, 25)


def normal(z):
    return erfc(mpf(z) / sqrt(2)) / 2


def gamma(x, a):
    """DLMF 8.7.1, all terms positive; 400 digits leave the complement enough."""
    with mp.workdps(400):
        x, a = mpf(x), mpf(a)
        term = total = 1 / a
        k = 0
        while term > total * mpf(10) ** -395:
            k += 1
            term *= x / (a + k)
            total += term
        low = total * exp(a * log(x) - x - loggamma(a))
        return low, 1 - low


def beta(x, a, b):
    """DLMF 8.17.8 with 15.2.1, all terms positive."""
    with mp.workdps(400):
        x, a, b = mpf(x), mpf(a), mpf(b)
        if x > mpf("0.6"):
            return beta(1 - x, b, a)[::-1]
        term = total = 1 / a
        k = 0
        while term > total * mpf(10) ** -395:
            term *= x * (a + b + k) / (a + 1 + k)
            total += term
            k += 1
        low = total * exp(a * log(x) + b * log1p(-x) + loggamma(a + b) - loggamma(a) - loggamma(b))
        return low, 1 - low


def student(t, df):
    with mp.workdps(400):
        t, df = mpf(t), mpf(df)
        return beta(df / (df + t * t), df / 2, mpf(1) / 2)[0] / 2


cases = {"exp": [], "log": [], "log1p": [], "logGamma": [], "normal": [], "gamma": [], "beta": [], "studentT": []}
for x in [-744.5, -700.1, -1.5, -1e-9, 0.3, 0.34657359, 1.0, 12.75, 345.5, 709.7]:
    cases["exp"].append([x, text(exp(mpf(x)))])
for x in [5e-324, 1e-300, 0.001, 0.70710678, 0.99999999, 1.0000001, 1.4142135623730951, 2.0, 10.0, 1e300]:
    cases["log"].append([x, text(log(mpf(x)))])
for x in [-0.9, -0.29, -1e-12, 1e-18, 1e-9, 0.2, 0.41, 5.5]:
    cases["log1p"].append([x, text(log1p(mpf(x)))])
for x in [1e-8, 0.1, 0.5, 1.5, 3.25, 15.99, 16.5, 100.0, 1e6, 1e12]:
    cases["logGamma"].append([x, text(loggamma(mpf(x)))])
for z in [-8.5, -3.0, -0.5, 0.0, 1e-5, 0.3, 1.0, 1.9599639845400543, 1.9999, 2.0, 3.164, 5.0, 10.0, 20.0, 37.5]:
    cases["normal"].append([z, text(normal(z))])
for a in [0.05, 0.5, 1.0, 2.5, 10.0, 100.0, 5000.0, 1e5]:
    for share in [1e-4, 0.1, 0.7, 0.99, 1.0, 1.02, 1.5, 4.0]:
        x = a * share
        low, high = gamma(x, a)
        if low > mpf(10) ** -290 and high > mpf(10) ** -290:
            cases["gamma"].append([x, a, text(low), text(high)])
for a, b in [(0.1, 0.2), (0.5, 0.5), (1.0, 3.0), (2.5, 0.5), (5.0, 40.0), (200.0, 300.0), (3000.0, 20.0), (1e4, 2e4)]:
    for odds in [1e-6, 0.01, 0.5, 0.96875, 1.0, 1.03125, 2.0, 50.0]:
        x = a * odds / (a * odds + b)
        low, high = beta(x, a, b)
        if low > mpf(10) ** -290 and high > mpf(10) ** -290:
            cases["beta"].append([x, a, b, text(low), text(high)])
for df in [1.0, 2.5, 10.0, 99.0, 1999.0, 2000.0, 54321.5, 1e6, 1e8]:
    for t in [1e-4, 0.5, 1.7, 1.96, 4.5, 12.0, 30.0]:
        cases["studentT"].append([t, df, text(student(t, df))])
print(json.dumps(cases, indent=0))
