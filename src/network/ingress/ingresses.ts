import type { Ingress, IngressClass } from '../../api/generated/networking-v1.ts'
import { ingressClasses, ingresses } from '../../api/generated/resources.ts'
import { hasReason } from '../../api/meta/status.ts'
import type { Client } from '../../client/client.ts'
import type { Environment } from '../../env/environment.ts'
import { createInformer } from '../../informer/informer.ts'
import { whenSynced } from '../../informer/synced.ts'
import { createEventRecorder } from '../../reconcile/event-recorder.ts'
import type { PodNetwork } from '../../runtime/pod-network.ts'
import type { ServiceWatch } from '../services/service-watch.ts'
import { createWorkLoop } from '../work-loop.ts'
import type { IngressController } from './ingress-controller.ts'

/** What Ingress classes name as their controller to be served here, and the class that the cluster comes with. */
export const CONTROLLER = 'shoal.dev/ingress'
const CLASS = 'shoal'
const LEGACY_CLASS = 'kubernetes.io/ingress.class'

export interface IngressesOptions {
  readonly env: Environment
  readonly client: Client
  readonly watch: ServiceWatch
  readonly podNetwork: () => Promise<PodNetwork>
}

export interface Ingresses {
  close(): Promise<void>
}

/** Watches Ingresses from now on; the proxy is loaded and started with the first that is ours. */
export function watchIngresses(options: IngressesOptions): Ingresses {
  const { env, client, watch } = options
  const informer = createInformer(env, client, ingresses)
  const classes = createInformer(env, client, ingressClasses)
  let controller: Promise<IngressController> | undefined

  const isOurs = ({ spec, metadata }: Ingress) => {
    const name = spec?.ingressClassName ?? metadata.annotations?.[LEGACY_CLASS]
    return name === undefined || classes.get({ name })?.spec?.controller === CONTROLLER
  }
  const run = async () => {
    await whenSynced(env, [informer, classes])
    const own = informer.list().filter(isOurs)
    if (controller === undefined && own.length === 0) return
    controller ??= openController(options, wake)
    await (await controller).apply(own)
  }
  const loop = createWorkLoop(env, { run, failure: 'Ingresses are not served as they should be' })
  const { wake } = loop
  informer.listen({ added: wake, updated: wake, deleted: wake })
  classes.listen({ added: wake, updated: wake, deleted: wake })
  watch.listen(() => controller && wake())
  ensureClass(client).catch((error: unknown) => env.log.debug('the class of Ingresses was not made', { error }))
  return {
    async close() {
      informer.close()
      classes.close()
      await loop.close()
      await controller?.then((open) => open.close()).catch(() => {})
    },
  }
}

async function openController(
  { env, client, watch, podNetwork }: IngressesOptions,
  changed: () => void,
): Promise<IngressController> {
  const [{ openIngressController }, { hostAddress: host }] = await Promise.all([
    import('./ingress-controller.ts'),
    podNetwork(),
  ])
  const events = createEventRecorder(env, client, { component: 'shoal-ingress' })
  return await openIngressController({ env, client, events, watch, host, changed })
}

/** The default for Ingresses that name no class; one that is there from an earlier life, or from a user, stays as it is. */
async function ensureClass(client: Client): Promise<void> {
  const annotations = { 'ingressclass.kubernetes.io/is-default-class': 'true' }
  const spec = { controller: CONTROLLER }
  const made = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: CLASS, annotations },
    spec,
  }
  try {
    await client.create(ingressClasses, made as IngressClass)
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error
  }
}
