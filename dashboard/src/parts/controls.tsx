import type { ComponentProps, ReactNode } from 'react'
import { Icon, type IconName } from './icons.tsx'
import { toneBadge, type Tone } from './tone.ts'

const look = {
  plain: 'border-line bg-raise text-text hover:border-faint',
  main: 'border-accent bg-accent text-surface hover:opacity-90',
  bad: 'border-bad bg-bad-soft text-bad hover:bg-bad hover:text-surface',
  quiet: 'border-transparent text-muted hover:bg-raise hover:text-text',
} as const

/** How a button looks; `bad` for what blocks or ends something. */
export type ButtonLook = keyof typeof look

/** Classes of a button, for links that look like one. */
export function buttonClass(kind: ButtonLook = 'plain'): string {
  return `inline-flex h-7 items-center gap-1.5 rounded-md border px-2.5 text-[13px] whitespace-nowrap disabled:cursor-not-allowed disabled:opacity-50 ${look[kind]}`
}

/** A button. */
export function Button({
  look: kind = 'plain',
  icon,
  children,
  className = '',
  ...rest
}: ComponentProps<'button'> & { look?: ButtonLook; icon?: IconName }): ReactNode {
  return (
    <button type="button" {...rest} className={`${buttonClass(kind)} ${className}`}>
      {icon === undefined ? null : <Icon name={icon} />}
      {children}
    </button>
  )
}

/** A small label; its words say what its colour means. */
export function Badge({
  tone = 'muted',
  icon,
  children,
  title,
}: {
  tone?: Tone
  icon?: IconName
  children: ReactNode
  title?: string
}): ReactNode {
  return (
    <span
      title={title}
      className={`inline-flex items-center gap-1 rounded-full px-2 text-[11px] leading-[18px] font-semibold whitespace-nowrap ${toneBadge[tone]}`}
    >
      {icon === undefined ? null : <Icon name={icon} size={11} />}
      {children}
    </span>
  )
}

/** A key of the keyboard. */
export function Key({ children }: { children: ReactNode }): ReactNode {
  return (
    <kbd className="machine inline-block min-w-[18px] rounded border border-line bg-surface px-1 text-center text-[11px] leading-4 text-muted">
      {children}
    </kbd>
  )
}

/** A part of a page, with its heading. */
export function Panel({
  title,
  aside,
  children,
  className = '',
  label,
}: {
  title?: ReactNode
  aside?: ReactNode
  children: ReactNode
  className?: string
  label?: string
}): ReactNode {
  return (
    <section
      className={`panel min-w-0 p-3 ${className}`}
      aria-label={label ?? (typeof title === 'string' ? title : undefined)}
    >
      {title === undefined ? null : (
        <div className="mb-2 flex items-baseline justify-between gap-3">
          <h2 className="heading">{title}</h2>
          <div className="text-[12px] text-muted">{aside}</div>
        </div>
      )}
      {children}
    </section>
  )
}

/** A field of a form, with its name and what is wrong with it. */
export function TextField({
  label,
  hint,
  ...rest
}: ComponentProps<'input'> & { label: string; hint?: ReactNode }): ReactNode {
  return (
    <label className="block">
      <span className="heading mb-1 block">{label}</span>
      <input
        {...rest}
        className={`h-8 w-full rounded-md border border-line bg-bg px-2.5 text-[13px] text-text placeholder:text-faint ${rest.className ?? ''}`}
      />
      {hint === undefined ? null : <span className="mt-1 block text-[12px] text-muted">{hint}</span>}
    </label>
  )
}

/** A longer text. */
export function TextArea({ label, ...rest }: ComponentProps<'textarea'> & { label: string }): ReactNode {
  return (
    <label className="block">
      <span className="heading mb-1 block">{label}</span>
      <textarea
        rows={2}
        {...rest}
        className="w-full resize-y rounded-md border border-line bg-bg px-2.5 py-1.5 text-[13px] text-text placeholder:text-faint"
      />
    </label>
  )
}
