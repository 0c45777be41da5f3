import { GatehouseError } from '../core/mod.ts'

const unitMs: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `30s`, `15m`, `12h`, `90d` in milliseconds; a number without a unit is refused. */
export function durationMs(text: string): number {
  const match = /^(\d{1,9})([smhd])$/.exec(text)
  const unit = unitMs[match?.[2] ?? '']
  if (match === null || unit === undefined)
    throw new GatehouseError(
      'invalid_argument',
      `Cannot read the duration '${text}': write for instance 30s, 15m, 12h or 90d`,
    )
  return Number(match[1]) * unit
}
