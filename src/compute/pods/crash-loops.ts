import type { Pod } from '../../api/generated/core-v1.ts'
import { pods } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import type { Timer } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'

/**
 * Kubernetes starts a container that has ended again and again later and later, by now in up to five minutes. Pods that are held
 * back so are made up for by others meanwhile, as many as there are of them, and not a lost worker's work waits for it.
 */
export interface CrashLoops {
  /** A worker was lost: its pod may be held back from now on. */
  lost(): void
  stop(): void
}

export interface CrashLoopOptions {
  readonly client: Client
  readonly env: Environment
  readonly namespace: string
  readonly labelSelector: string
  /** How many more pods are wanted than otherwise. */
  readonly onHeldBack: (count: number) => void
}

const LOOK_MS = 2_000
/** The kubelet says of a container soon after its end whether it is held back. */
const LOOKS_AFTER_LOSS = 5

export function watchCrashLoops(options: CrashLoopOptions): CrashLoops {
  const { client, env, namespace, labelSelector, onHeldBack } = options
  let timer: Timer | undefined
  let looks = 0
  let held = 0
  let isStopped = false
  const look = async () => {
    const list = await client.list(pods, { namespace, labelSelector }).catch(() => undefined)
    if (isStopped) return
    const now = list?.items.filter(isHeldBack).length
    if (now !== undefined && now !== held) onHeldBack((held = now))
    looks--
    timer = held > 0 || looks > 0 ? env.timers.after(LOOK_MS, () => void look(), { background: true }) : undefined
  }
  return {
    lost() {
      looks = LOOKS_AFTER_LOSS
      timer ??= env.timers.after(LOOK_MS, () => void look(), { background: true })
    },
    stop() {
      isStopped = true
      timer?.cancel()
    },
  }
}

/** The kubelet says `CrashLoopBackOff` some time after it has begun to wait: until then the container has just ended. */
function isHeldBack({ status }: Pod): boolean {
  const { state, restartCount = 0 } = status?.containerStatuses?.[0] ?? {}
  if (state?.waiting?.reason === 'CrashLoopBackOff') return true
  return status?.phase === 'Running' && state?.terminated !== undefined && restartCount > 0
}
