import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import uPlot from 'uplot'
import { useTheme } from '../app/theme.ts'
import { clockSeconds, figure } from '../lib/format.ts'

/** One line or area. */
export interface Series {
  readonly label: string
  /** Name of a colour of the theme: `--served`. */
  readonly color: string
  /** One for each moment; null where nothing was measured, which is a gap and not a zero. */
  readonly values: readonly (number | null)[]
}

export interface TimeSeriesProps {
  readonly title: string
  readonly atMs: readonly number[]
  readonly series: readonly Series[]
  /** `areas`: one upon the other, beginning with the first. */
  readonly kind: 'areas' | 'lines'
  readonly height: number
  /** Plots of one group have one cursor. */
  readonly group: string
  readonly format?: (value: number) => string
  /** Shown instead of a plot where there is nothing to draw. */
  readonly empty?: string
}

/** A plot over time, the one place that knows the library that draws it. Moves by the arrow keys as by the mouse. */
export function TimeSeries(props: TimeSeriesProps): ReactNode {
  const { title, series, atMs, format = figure, empty } = props
  const [at, setAt] = useState<number | null>(null)
  const { holder, moveTo } = usePlot(props, setAt)
  const isEmpty =
    empty !== undefined && series.every(({ values }) => values.every((value) => value === null || value === 0))
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key]
    if (step === undefined) return
    event.preventDefault()
    moveTo(Math.min(atMs.length - 1, Math.max(0, (at ?? atMs.length) + step)))
  }
  return (
    <figure className="m-0">
      <figcaption className="mb-1 flex flex-wrap items-baseline justify-between gap-x-3 md:flex-nowrap">
        <span className="heading min-w-0 truncate" title={title}>
          {title}
        </span>
        <Legend series={series} at={at} atMs={atMs} format={format} />
      </figcaption>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it is moved by the arrow keys */}
      <div
        className="relative"
        tabIndex={0}
        role="group"
        aria-roledescription="plot"
        aria-label={summary(props)}
        onKeyDown={onKeyDown}
      >
        <div ref={holder} style={{ height: props.height }} />
        {isEmpty ? (
          <p
            className="pointer-events-none absolute inset-x-0 top-0 flex items-center justify-center text-faint"
            style={{ height: props.height - 24 }}
          >
            {empty}
          </p>
        ) : null}
      </div>
      <p className="sr-only" aria-live="polite">
        {at === null ? '' : spoken(props, at)}
      </p>
    </figure>
  )
}

function Legend({
  series,
  at,
  atMs,
  format,
}: {
  series: readonly Series[]
  at: number | null
  atMs: readonly number[]
  format: (value: number) => string
}): ReactNode {
  const moment = at === null ? undefined : atMs[at]
  return (
    <span className="flex shrink-0 flex-wrap items-center gap-x-3 text-[12px] text-muted max-md:shrink">
      {moment === undefined ? null : <span className="machine text-faint">{clockSeconds(moment)}</span>}
      {series.map(({ label, color, values }) => {
        const value = at === null ? undefined : values[at]
        return (
          <span key={label} className="inline-flex items-center gap-1.5">
            <span
              aria-hidden="true"
              className="inline-block size-2.5 rounded-[2px]"
              style={{ backgroundColor: `var(${color})` }}
            />
            {label}
            {value === undefined ? null : (
              <b className="font-semibold text-text">{value === null ? '–' : format(value)}</b>
            )}
          </span>
        )
      })}
    </span>
  )
}

function summary({ title, series, format = figure }: TimeSeriesProps): string {
  const parts = series.map(({ label, values }) => {
    const known = values.filter((value) => value !== null)
    if (known.length === 0) return `${label}: nothing measured`
    return `${label}: now ${format(known.at(-1) ?? 0)}, at most ${format(Math.max(...known))}`
  })
  return `${title}. ${parts.join('; ')}. Arrow keys move along it.`
}

function spoken({ atMs, series, format = figure }: TimeSeriesProps, at: number): string {
  const values = series.map(
    ({ label, values: all }) => `${label} ${all[at] === null ? 'not measured' : format(all[at] ?? 0)}`,
  )
  return `${clockSeconds(atMs[at] ?? 0)}: ${values.join(', ')}`
}

interface Plot {
  readonly holder: React.RefObject<HTMLDivElement | null>
  readonly moveTo: (at: number) => void
}

function usePlot(props: TimeSeriesProps, onMove: (at: number | null) => void): Plot {
  const holder = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const themeName = useTheme()
  const data = useMemo(() => dataOf(props), [props])
  const newest = useRef(data)
  newest.current = data
  const { kind, group, height, format } = props
  const names = props.series.map(({ label, color }) => `${label} ${color}`).join('\n')

  useEffect(() => {
    const at = holder.current
    if (at === null) return undefined
    const options = optionsOf(props, at, onMove)
    const drawn = new uPlot(options, newest.current, at)
    plot.current = drawn
    const sized = new ResizeObserver(() => drawn.setSize({ width: at.clientWidth, height }))
    sized.observe(at)
    return () => {
      sized.disconnect()
      drawn.destroy()
      plot.current = null
    }
    // A plot is made anew for what its options depend on; data alone are put into it.
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- see above
  }, [themeName, names, kind, group, height, format])

  useEffect(() => plot.current?.setData(data), [data])

  const moveTo = (at: number): void => {
    const drawn = plot.current
    const x = data[0]?.[at]
    if (drawn !== null && x !== undefined) drawn.setCursor({ left: drawn.valToPos(x, 'x'), top: 1 })
  }
  return { holder, moveTo }
}

/** Areas are drawn from the sum of all down to the first alone, each over the one before. */
function dataOf({ atMs, series, kind }: TimeSeriesProps): uPlot.AlignedData {
  const seconds = atMs.map((ms) => ms / 1000)
  if (kind === 'lines') return [seconds, ...series.map(({ values }) => [...values])]
  const sum = seconds.map(() => 0)
  const stacked = series.map(({ values }) => {
    for (const [at, value] of values.entries()) sum[at] = (sum[at] ?? 0) + (value ?? 0)
    return [...sum]
  })
  return [seconds, ...stacked.toReversed()]
}

function optionsOf(props: TimeSeriesProps, at: HTMLElement, onMove: (at: number | null) => void): uPlot.Options {
  const { series, kind, group, height, format = figure } = props
  const style = getComputedStyle(at)
  const colorOf = (name: string): string => style.getPropertyValue(name).trim()
  const axis: uPlot.Axis = {
    stroke: colorOf('--faint'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: colorOf('--line'), width: 1 },
    ticks: { show: false },
  }
  const drawn = (kind === 'areas' ? series.toReversed() : series).map(({ label, color }): uPlot.Series => ({
    label,
    stroke: colorOf(color),
    width: 1.5,
    points: { show: false },
    ...(kind === 'areas' ? { fill: colorOf(color), width: 1 } : {}),
  }))
  return {
    width: at.clientWidth,
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: group }, y: false, drag: { x: false, y: false }, points: { show: kind === 'lines' } },
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.12 : 1] } },
    axes: [
      {
        ...axis,
        size: 24,
        space: 64,
        values: (_plot, splits) => splits.map((second) => clockSeconds(second * 1000).slice(0, 5)),
      },
      { ...axis, size: 48, space: 34, values: (_plot, splits) => splits.map(format) },
    ],
    series: [{}, ...drawn],
    hooks: { setCursor: [(plot) => onMove(plot.cursor.idx ?? null)] },
  }
}
