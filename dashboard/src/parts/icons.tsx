import type { ReactNode } from 'react'

/** Drawings of 16 × 16, in the colour of the text; decoration only, for a word always stands beside. */
const drawings = {
  logo: (
    <>
      <path d="M3 2.5h10v11H3z" fill="none" />
      <path d="M3 2.5h5v11H3z" fill="currentColor" />
    </>
  ),
  ok: <path d="m3.5 8.5 3 3 6-7" />,
  refused: (
    <>
      <circle cx="8" cy="8" r="5.2" />
      <path d="m4.4 4.4 7.2 7.2" />
    </>
  ),
  limited: (
    <>
      <circle cx="8" cy="8" r="5.2" />
      <path d="M8 2.8a5.2 5.2 0 0 0 0 10.4z" fill="currentColor" />
    </>
  ),
  failed: <path d="m4 4 8 8m0-8-8 8" />,
  aborted: <path d="M3.5 8h9" strokeDasharray="2.2 1.6" />,
  rise: <path d="m8 4 4.6 8H3.4z" fill="currentColor" />,
  warning: (
    <>
      <path d="M8 2.2 14.4 13.4H1.6z" />
      <path d="M8 6.4v3.2m0 1.9v.1" />
    </>
  ),
  dot: <circle cx="8" cy="8" r="3" fill="currentColor" stroke="none" />,
  pause: <path d="M5.5 3.5v9m5-9v9" strokeWidth="2.2" />,
  play: <path d="M5 3.2v9.6L12.5 8z" fill="currentColor" />,
  copy: (
    <>
      <path d="M5.5 5.5h7.5V13H5.5z" />
      <path d="M10.5 5.5V3H3v7.5h2.5" />
    </>
  ),
  download: <path d="M8 2.5V10m-3-3 3 3 3-3M3 13h10" />,
  search: (
    <>
      <circle cx="7" cy="7" r="4" />
      <path d="m10 10 3.5 3.5" />
    </>
  ),
  close: <path d="m4 4 8 8m0-8-8 8" />,
  down: <path d="m4.5 6.5 3.5 3.5 3.5-3.5" />,
  right: <path d="M6.5 4.5 10 8l-3.5 3.5" />,
  left: <path d="M9.5 4.5 6 8l3.5 3.5" />,
  menu: <path d="M2.5 4.5h11m-11 3.5h11m-11 3.5h11" />,
  sun: (
    <>
      <circle cx="8" cy="8" r="2.8" />
      <path d="M8 1.5V3m0 10v1.5M1.5 8H3m10 0h1.5M3.4 3.4l1 1m7.2 7.2 1 1m0-9.2-1 1m-7.2 7.2-1 1" />
    </>
  ),
  moon: <path d="M12.8 9.8A5.3 5.3 0 0 1 6.2 3.2a5.3 5.3 0 1 0 6.6 6.6z" />,
  screen: <path d="M2 3h12v8H2zm4 10.5h4M8 11v2.5" />,
  person: (
    <>
      <circle cx="8" cy="5.5" r="2.6" />
      <path d="M3 13.5c.6-2.9 2.5-4.2 5-4.2s4.4 1.3 5 4.2" />
    </>
  ),
  shield: <path d="M8 1.8 13 3.8v4c0 3-2 5-5 6.4-3-1.4-5-3.4-5-6.4v-4z" />,
  keyboard: <path d="M1.5 4h13v8.5h-13zm3 5.8h7M4 6.8h.1m2.6 0h.1m2.5 0h.1m2.6 0h.1" />,
} as const

export type IconName = keyof typeof drawings

/** One of the drawings; hidden from whoever cannot see it. */
export function Icon({
  name,
  size = 14,
  className = '',
}: {
  name: IconName
  size?: number
  className?: string
}): ReactNode {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 16 16"
      width={size}
      height={size}
      className={`inline-block shrink-0 ${className}`}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {drawings[name]}
    </svg>
  )
}
