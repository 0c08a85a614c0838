import { Worker } from 'node:worker_threads'
import type { Secret, Service } from '../../api/generated/core-v1.ts'
import type { Ingress } from '../../api/generated/networking-v1.ts'
import { ingresses as ingressType, secrets } from '../../api/generated/resources.ts'
import { jsonEqual } from '../../api/meta/equal.ts'
import { hasReason } from '../../api/meta/status.ts'
import { keyOf } from '../../api/object.ts'
import type { Client } from '../../client/client.ts'
import type { Environment } from '../../env/environment.ts'
import { createAuthority } from '../../identity/authority.ts'
import { createInformer } from '../../informer/informer.ts'
import type { EventRecorder } from '../../reconcile/event-recorder.ts'
import { targetsOfPort } from '../services/service-port.ts'
import type { Target } from '../services/service-port.ts'
import type { ServiceWatch } from '../services/service-watch.ts'
import { backendKey } from './messages.ts'
import type { IngressCertificate, IngressPorts, IngressTable } from './messages.ts'
import { routeTable } from './routes.ts'
import type { BackendName } from './routes.ts'
import { ownProgram } from '../../env/own-module.ts'

export interface IngressControllerOptions {
  readonly env: Environment
  readonly client: Client
  readonly events: EventRecorder
  readonly watch: ServiceWatch
  /** Where requests are taken. */
  readonly host: string
  /** Something that it goes by has changed. */
  readonly changed: () => void
}

/** Has Ingresses served by a proxy on a thread of its own. */
export interface IngressController {
  /** Resolves when these are all that is served, and their status says where. */
  apply(ingresses: readonly Ingress[]): Promise<void>
  close(): Promise<void>
}

export async function openIngressController(options: IngressControllerOptions): Promise<IngressController> {
  const { env, client, events, watch, host, changed } = options
  const secretInformer = createInformer(env, client, secrets, { fieldSelector: 'type=kubernetes.io/tls' })
  await secretInformer.synced
  secretInformer.listen({ added: changed, updated: changed, deleted: changed })
  const thread = startThread(env)
  let selfSigned: IngressCertificate | undefined

  const certificatesOf = (all: readonly Ingress[]): readonly IngressCertificate[] => {
    const wanted = all.flatMap(({ metadata, spec }) =>
      (spec?.tls ?? []).map(({ hosts = [], secretName }) => ({
        hosts: hosts.map((each) => each.toLowerCase()),
        secret: secretInformer.get({ namespace: metadata.namespace ?? '', name: secretName ?? '' }),
      })),
    )
    if (wanted.length === 0) return []
    const own = wanted.flatMap(({ hosts, secret }) => (secret === undefined ? [] : certificateOf(hosts, secret)))
    // Who asks for another name gets one that nobody vouches for, as with other controllers.
    selfSigned ??= selfSign(env, host)
    return [selfSigned, ...own]
  }
  const targetsOf = (names: readonly BackendName[]) => {
    const found = names.map((name) => [backendKey(name), backendTargets(watch, name)] as const)
    return new Map<string, readonly Target[]>(found)
  }
  const apply = async (all: readonly Ingress[]) => {
    const { routes } = routeTable(all)
    const names = routes.flatMap(({ backend }) => (backend === undefined ? [] : [backend]))
    const ports = await thread.tell({ host, routes, targets: targetsOf(names), certificates: certificatesOf(all) })
    await Promise.all(all.map((ingress) => say(client, events, ingress, host, ports)))
  }
  const close = async () => {
    secretInformer.close()
    await thread.close()
  }
  return { apply, close }
}

function startThread(env: Environment) {
  const waiting = new Map<number, (ports: IngressPorts) => void>()
  const worker = new Worker(ownProgram(import.meta.url, './ingress-thread'), { name: 'ingress' })
  let lastId = 0
  worker.unref()
  worker.on('message', (ports: IngressPorts) => {
    waiting.get(ports.id)?.(ports)
    waiting.delete(ports.id)
  })
  worker.on('error', (error) => env.log.error('Ingresses are not served any more', { error }))
  worker.on('exit', () => {
    for (const [id, done] of waiting) done({ id })
    waiting.clear()
  })
  return {
    tell: (table: Omit<IngressTable, 'id'>) =>
      new Promise<IngressPorts>((resolve) => {
        const id = ++lastId
        waiting.set(id, resolve)
        worker.postMessage({ id, ...table } satisfies IngressTable)
      }),
    close: async () => void (await worker.terminate()),
  }
}

function backendTargets(watch: ServiceWatch, { namespace, service: name, port }: BackendName): readonly Target[] {
  const key = `${namespace}/${name}`
  const service: Service | undefined = watch.get(key)
  const wanted = service?.spec?.ports?.find((one) => one.name === port || one.port === port)
  if (service?.spec?.type === 'ExternalName') {
    return typeof port === 'number' ? [{ ip: service.spec.externalName ?? '', port }] : []
  }
  return wanted === undefined ? [] : targetsOfPort(wanted, watch.slicesOf(key))
}

function certificateOf(hosts: readonly string[], { data = {} }: Secret): readonly IngressCertificate[] {
  const text = (name: string) => Buffer.from(data[name] ?? '', 'base64').toString()
  const [certificate, key] = [text('tls.crt'), text('tls.key')]
  return certificate === '' || key === '' ? [] : [{ hosts, certificate, key }]
}

function selfSign(env: Environment, host: string): IngressCertificate {
  const pair = createAuthority(env, 'shoal-ingress').issueServer('shoal-ingress', [host, 'localhost'])
  return { hosts: [], ...pair }
}

/** Says where the Ingress is served; its ports only where they are not the usual ones. */
async function say(client: Client, events: EventRecorder, ingress: Ingress, ip: string, ports: IngressPorts) {
  const { http, https } = ports
  if (http === undefined) {
    const message = `Cannot listen on ${ip}: neither 80 nor 8080 nor any other port is to be had`
    return events.record({ about: ingress, type: 'Warning', reason: 'NotServed', message })
  }
  const isUsual = http === 80 && (https === undefined || https === 443)
  const listed = [http, ...(https === undefined ? [] : [https])].map((port) => ({ port, protocol: 'TCP' }))
  const wanted = [{ ip, ...(!isUsual && { ports: listed }) }]
  if (jsonEqual(ingress.status?.loadBalancer?.ingress ?? [], wanted)) return
  const patch = { status: { loadBalancer: { ingress: wanted } } }
  try {
    await client.patch(ingressType, keyOf(ingress), { type: 'merge', patch }, { subresource: 'status' })
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
    return
  }
  const message = `Served at http://${ip}:${http}${https === undefined ? '' : ` and https://${ip}:${https}`}`
  events.record({ about: ingress, type: 'Normal', reason: 'Served', message })
}
