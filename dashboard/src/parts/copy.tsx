import { type ReactNode, useEffect, useState } from 'react'
import { Button } from './controls.tsx'

const saidMs = 1_500

/** Copies a text, and says so. */
export function CopyButton({
  text,
  label,
  children,
}: {
  text: string
  label: string
  children?: ReactNode
}): ReactNode {
  const [said, setSaid] = useState<'copied' | 'failed' | null>(null)
  useEffect(() => {
    if (said === null) return undefined
    const timer = setTimeout(() => setSaid(null), saidMs)
    return () => clearTimeout(timer)
  }, [said])
  const copy = (): void => {
    copyText(text).then(
      () => setSaid('copied'),
      () => setSaid('failed'),
    )
  }
  const words = said === 'copied' ? 'Copied' : said === 'failed' ? 'Cannot copy' : children
  return (
    <Button
      look={children === undefined ? 'quiet' : 'plain'}
      icon={said === 'copied' ? 'ok' : 'copy'}
      onClick={copy}
      aria-label={label}
      title={label}
    >
      {words}
    </Button>
  )
}

/** Browsers give the clipboard only to pages that came safely, which a page over plain HTTP from elsewhere did not. */
async function copyText(text: string): Promise<void> {
  if (!('clipboard' in navigator)) throw new Error('There is no clipboard')
  await navigator.clipboard.writeText(text)
}
