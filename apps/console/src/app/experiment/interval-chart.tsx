import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

export interface Moment {
  /** Seconds since 1970. */
  readonly at: number
  /** Shares: 0.1 is 10 %. Absent where nothing could be computed, null where it is not bounded. */
  readonly estimate?: number
  readonly lower?: number | null
  readonly upper?: number | null
}

interface IntervalChartProps {
  readonly label: string
  readonly moments: readonly Moment[]
  /** Where the claim ends, beside zero. */
  readonly margin?: number
  /** What a number on the scale reads like. */
  readonly said: (value: number) => string
}

const height = 190
const around = 1.25

/** An estimate and its interval over time. A table beside it says the same. */
export function IntervalChart({ label, moments, margin, said }: IntervalChartProps) {
  const frame = useRef<HTMLDivElement>(null)
  const shown = JSON.stringify([moments, margin])
  useEffect(() => {
    const element = frame.current!
    let plot: uPlot | undefined
    const draw = () => {
      plot?.destroy()
      plot = new uPlot(optionsOf(element, moments, margin, said), dataOf(moments), element)
    }
    const resized = new ResizeObserver(draw)
    const themed = new MutationObserver(draw)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    resized.observe(element)
    themed.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    scheme.addEventListener('change', draw)
    return () => {
      resized.disconnect()
      themed.disconnect()
      scheme.removeEventListener('change', draw)
      plot?.destroy()
    }
  }, [shown])
  return <div className="interval-chart" ref={frame} role="img" aria-label={label} />
}

/** An end that is not bounded is drawn to the edge. */
function dataOf(moments: readonly Moment[]): uPlot.AlignedData {
  const [least, most] = bounds(moments, undefined)
  return [
    moments.map(({ at }) => at),
    moments.map(({ estimate, lower }) => (estimate === undefined ? null : (lower ?? least * 10))),
    moments.map(({ estimate, upper }) => (estimate === undefined ? null : (upper ?? most * 10))),
    moments.map(({ estimate }) => estimate ?? null),
  ]
}

/** The later looks decide the scale: the first intervals are as wide as the sky. */
function bounds(moments: readonly Moment[], margin: number | undefined): [number, number] {
  const known = moments.filter(({ estimate }) => estimate !== undefined)
  const late = known.slice(Math.floor(known.length / 3))
  const ends = late
    .flatMap(({ estimate, lower, upper }) => [estimate!, lower, upper])
    .filter((end) => typeof end === 'number')
  const all = [...ends, 0, margin ?? 0]
  const [least, most] = [Math.min(...all), Math.max(...all)]
  const room = Math.max(most - least, 0.01) * (around - 1)
  return [least - room, most + room]
}

function optionsOf(
  element: HTMLElement,
  moments: readonly Moment[],
  margin: number | undefined,
  said: (value: number) => string,
): uPlot.Options {
  const probe = getComputedStyle(element)
  const colour = (name: string) => resolved(element, name)
  const [accent, soft, ink, line] = [colour('--accent'), colour('--accent-soft'), colour('--ink-3'), colour('--line')]
  const font = `11px ${probe.fontFamily}`
  const axis = { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { show: false } }
  return {
    width: Math.max(120, element.clientWidth),
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { y: { range: () => bounds(moments, margin) } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 84,
        values: (_, ticks, _axis, _found, step) => ticks.map((tick) => tickText(tick, step)),
      },
      { ...axis, size: 64, values: (_, ticks) => ticks.map(said) },
    ],
    series: [
      {},
      { stroke: 'transparent', points: { show: false } },
      { stroke: 'transparent', points: { show: false } },
      { stroke: accent, width: 1.75, points: { show: moments.length < 40, size: 4, fill: accent } },
    ],
    bands: [{ series: [2, 1], fill: soft }],
    hooks: {
      draw: [(plot) => rule(plot, 0, ink), (plot) => margin !== undefined && rule(plot, margin, colour('--bad'))],
    },
  }
}

const days = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
const daySeconds = 86_400

/** Days, or hours and minutes where the scale is shorter. @param seconds since 1970 */
function tickText(seconds: number, step: number): string {
  const date = new Date(seconds * 1_000)
  return step >= daySeconds || seconds % daySeconds === 0
    ? days.format(date)
    : date.toISOString().slice(11, step < 60 ? 19 : 16)
}

/** The canvas knows no custom properties and no `light-dark()`. */
function resolved(element: HTMLElement, name: string): string {
  const probe = document.createElement('i')
  probe.style.color = `var(${name})`
  element.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

function rule(plot: uPlot, value: number, colour: string): void {
  const { ctx, bbox } = plot
  const y = Math.round(plot.valToPos(value, 'y', true)) + 0.5
  if (y < bbox.top || y > bbox.top + bbox.height) return
  ctx.save()
  ctx.strokeStyle = colour
  ctx.setLineDash([4, 4])
  ctx.beginPath()
  ctx.moveTo(bbox.left, y)
  ctx.lineTo(bbox.left + bbox.width, y)
  ctx.stroke()
  ctx.restore()
}
