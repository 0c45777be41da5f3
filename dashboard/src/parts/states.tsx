import { type ReactNode, useEffect, useState } from 'react'
import { ApiError } from '../api/client.ts'
import { Button } from './controls.tsx'
import { CopyButton } from './copy.tsx'
import { Icon } from './icons.tsx'

const skeletonAfterMs = 150

/** While something is read for the first time; nothing flickers when it is there at once. */
export function Loading({ rows = 4 }: { rows?: number }): ReactNode {
  const [isLong, setLong] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), skeletonAfterMs)
    return () => clearTimeout(timer)
  }, [])
  if (!isLong) return null
  return (
    <div role="status" aria-label="Loading" className="space-y-2 py-1">
      {Array.from({ length: rows }, (_, at) => (
        <div key={at} className="h-4 animate-pulse rounded bg-raise" style={{ width: `${90 - ((at * 17) % 40)}%` }} />
      ))}
    </div>
  )
}

/** Nothing is here: why, and what would bring something. */
export function Empty({
  title,
  children,
  command,
}: {
  title: string
  children?: ReactNode
  command?: string | undefined
}): ReactNode {
  return (
    <div className="px-2 py-6 text-center text-muted">
      <p className="font-medium text-text">{title}</p>
      {children === undefined ? null : <div className="mx-auto mt-1 max-w-xl">{children}</div>}
      {command === undefined ? null : (
        <p className="mt-2 flex items-center justify-center gap-1">
          <code className="machine rounded bg-raise px-2 py-1 text-text">{command}</code>
          <CopyButton text={command} label="Copy the command" />
        </p>
      )}
    </div>
  )
}

/** What went wrong, by its code, with a way on. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }): ReactNode {
  const { code, message } = errorText(error)
  return (
    <div role="alert" className="flex flex-wrap items-center gap-2 rounded-md bg-bad-soft px-3 py-2 text-bad">
      <Icon name="warning" />
      <span className="min-w-0 flex-1 break-words">{message}</span>
      <code className="machine">{code}</code>
      {onRetry === undefined ? null : (
        <Button look="quiet" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  )
}

/** The code and the words of an error. */
export function errorText(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof ApiError) return { code: error.code, message: error.message }
  return { code: 'console_error', message: error instanceof Error ? error.message : String(error) }
}

/** Whether this Gatehouse has no such thing at all, which is no error. */
export function isAbsent(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 501)
}
