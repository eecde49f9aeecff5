/** The last minute of something per second; the number beside it says the same. */
export function Spark({
  values,
  width = 72,
  height = 18,
}: {
  readonly values: readonly number[]
  readonly width?: number
  readonly height?: number
}) {
  const most = Math.max(1, ...values)
  const step = width / 59
  const first = width - (values.length - 1) * step
  const points = values.map(
    (value, index) =>
      `${(first + index * step).toFixed(1)},${(height - 1.5 - (value / most) * (height - 3)).toFixed(1)}`,
  )
  return (
    <svg className="spark" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <line x1="0" x2={width} y1={height - 1} y2={height - 1} />
      {points.length > 1 && <polyline points={points.join(' ')} />}
    </svg>
  )
}
