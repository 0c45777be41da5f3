/** What the two processes share. */

/** Length of the pepper, the key under which API keys are hashed (`keys/pepper` in the data folder). */
export const pepperBytes = 32

/**
 * Resolves when this process was told to stop: by a signal, or because the launcher that started it is gone. Ctrl-C reaches
 * every process of a terminal at once: below a launcher it is the launcher's to say who stops when.
 */
export function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGTERM', () => resolve())
    process.on('SIGINT', () => {
      if (process.send === undefined) resolve()
    })
    process.on('disconnect', () => resolve())
  })
}

/** A reader of our output that went away (a log shipper that died) is no reason to stop: what cannot be said is dropped. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}
