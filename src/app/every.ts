/** Runs it again and again, never twice at a time. */
export function every(ms: number, stack: AsyncDisposableStack, run: () => Promise<void>): void {
  let running: Promise<void> | null = null
  const timer = setInterval(() => {
    running ??= run().finally(() => {
      running = null
    })
  }, ms)
  timer.unref()
  stack.defer(async () => {
    clearInterval(timer)
    await running
  })
}
