/** What the two processes share. */

/** Length of the pepper, the key under which API keys are hashed (`keys/pepper` in the data folder). */
export const pepperBytes = 32

/** Resolves when this process was told to stop: by a signal, or because the launcher that started it is gone. */
export function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve())
    process.on('disconnect', () => resolve())
  })
}
