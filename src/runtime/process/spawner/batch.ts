/**
 * Gathers what is asked for while an earlier batch is still at work, so that one program serves many askers. Each asker's
 * promise settles with its batch; no more than `most` go into one.
 */
export function batched<T>(most: number, perform: (items: readonly T[]) => Promise<void>): (item: T) => Promise<void> {
  const waiting: { readonly item: T; readonly outcome: PromiseWithResolvers<void> }[] = []
  let isWorking = false
  const work = async () => {
    isWorking = true
    while (waiting.length > 0) {
      const batch = waiting.splice(0, most)
      await perform(batch.map(({ item }) => item)).then(
        () => batch.forEach(({ outcome }) => outcome.resolve()),
        (error: unknown) => batch.forEach(({ outcome }) => outcome.reject(error)),
      )
    }
    isWorking = false
  }
  return (item) => {
    const outcome = Promise.withResolvers<void>()
    waiting.push({ item, outcome })
    // In a later turn, so that what is asked for in this one goes together.
    if (!isWorking) queueMicrotask(() => void (isWorking || work()))
    return outcome.promise
  }
}

/** Lets no more than `most` at once into `perform`; the others wait their turn. */
export function limited<A extends unknown[]>(most: number, perform: (...args: A) => Promise<void>) {
  const waiting: (() => void)[] = []
  let inside = 0
  return async (...args: A): Promise<void> => {
    if (inside >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else inside++
    try {
      await perform(...args)
    } finally {
      const next = waiting.shift()
      if (next) next()
      else inside--
    }
  }
}
