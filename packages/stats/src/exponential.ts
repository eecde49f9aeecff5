/**
 * Exponential and logarithm from + − × ÷ alone, so that every engine gives the same bits: `Math.exp` and `Math.log` may differ between versions.
 * Reductions and minimax polynomials of FDLIBM (Sun Microsystems 1993, e_exp.c and e_log.c); error below 1 ulp.
 */
const ln2High = 6.9314718036912381649e-1
const ln2Low = 1.90821492927058770002e-10

/** e to the x. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x
  if (x > 709.782712893384) return Infinity
  if (x < -745.1332191019412) return 0
  const k = Math.floor(x * 1.442695040888963387 + 0.5)
  const high = x - k * ln2High
  const low = k * ln2Low
  const r = high - low
  const t = r * r
  const c =
    r -
    t *
      (1.66666666666666019037e-1 +
        t *
          (-2.77777777770155933842e-3 +
            t * (6.61375632143793436117e-5 + t * (-1.6533902205465251539e-6 + t * 4.13813679705723846039e-8))))
  const y = 1 - (low - (r * c) / (2 - c) - high)
  const half = Math.trunc(k / 2)
  return y * powerOfTwo(half) * powerOfTwo(k - half)
}

const view = new DataView(new ArrayBuffer(8))

/** 2 to an integer between −1022 and 1023, exactly. */
export function powerOfTwo(k: number): number {
  view.setUint32(0, (k + 1023) << 20)
  view.setUint32(4, 0)
  return view.getFloat64(0)
}

/** Natural logarithm. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN
  if (x === Infinity) return x
  const normal = x >= 2.2250738585072014e-308
  view.setFloat64(0, normal ? x : x * 18014398509481984)
  const high = view.getUint32(0)
  let k = (high >>> 20) - 1023 - (normal ? 0 : 54)
  view.setUint32(0, (high & 0xfffff) | 0x3ff00000)
  let mantissa = view.getFloat64(0)
  if (mantissa > 1.4142135623730951) {
    mantissa /= 2
    k += 1
  }
  return logNearOne(mantissa - 1, k)
}

/** log(1 + x), exact to the last bits also for small x. */
export function log1p(x: number): number {
  return x > -0.29 && x < 0.41 ? logNearOne(x, 0) : log(1 + x)
}

/** k ln 2 + log(1 + f) for 1 + f between √½ and √2. */
function logNearOne(f: number, k: number): number {
  const s = f / (2 + f)
  const z = s * s
  const w = z * z
  const odd = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1))
  const even =
    z *
    (6.66666666666673513e-1 +
      w * (2.857142874366239149e-1 + w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)))
  const half = 0.5 * f * f
  return k * ln2High - (half - (s * (half + odd + even) + k * ln2Low) - f)
}
