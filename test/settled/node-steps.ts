import type { Node, Pod, Taint } from '../../src/api/generated/core-v1.ts'
import { nodes, pods } from '../../src/api/generated/resources.ts'
import type { KubeObject } from '../../src/api/object.ts'
import { hasReason } from '../../src/api/meta/status.ts'
import type { Client } from '../../src/client/client.ts'
import { sleep } from '../../src/env/clock.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { create, resourceOf } from './resources.ts'

/** The verbs of kubectl that need a node, or bring objects with them. Resolves to whether it was one of these. */
export async function takeOfNodes(client: Client, step: readonly string[], namespace: string): Promise<boolean> {
  const [verb, ...args] = step
  const at = step.indexOf('<<')
  if (verb === 'create' && at >= 0) {
    const object = JSON.parse(step[at + 1] ?? '') as KubeObject
    const evicted = /\/pods\/([^/]+)\/eviction$/.exec(args[1] ?? '')?.[1]
    // What is refused is part of the scenario.
    if (evicted === undefined) await create(client, object, namespace)
    else await evict(client, evicted, namespace).catch(() => {})
    return true
  }
  const [what = '', name = ''] = args
  if (verb === 'cordon' || verb === 'uncordon') await cordon(client, what, verb === 'cordon')
  else if (verb === 'drain') await drain(client, what, args, namespace)
  else if (verb === 'taint') await taint(client, name, args[2] ?? '')
  else if (verb === 'label' && what === 'node') await label(client, name, args[2] ?? '')
  else if (verb === 'delete' && what === 'node') await client.delete(nodes, { name })
  else if (verb === 'delete' && args[1] === '-l') await removeLabelled(client, what, args[2] ?? '', namespace)
  else if (verb === 'wait' && args.includes('--all')) return true
  else return false
  return true
}

const evict = (client: Client, name: string, namespace: string) =>
  client.createSubresource(pods, { namespace, name }, 'eviction', {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
  })

async function cordon(client: Client, name: string, isCordoned: boolean): Promise<void> {
  await client.patch(nodes, { name }, { type: 'merge', patch: { spec: { unschedulable: isCordoned ? true : null } } })
}

/** As kubectl, which asks again where a budget refuses. */
const TRIES = 200
const PAUSE_MS = 50

/** Until every pod has gone that may, or the budgets have refused for as long as kubectl was to try. */
async function drain(client: Client, name: string, args: readonly string[], namespace: string): Promise<void> {
  await cordon(client, name, true)
  const { items } = await client.list(pods, { namespace, fieldSelector: `spec.nodeName=${name}` })
  const ownerOf = (pod: Pod) => pod.metadata.ownerReferences?.[0]?.kind
  // Without being told to, kubectl touches nothing where there are pods that would only come back.
  if (items.some((pod) => ownerOf(pod) === 'DaemonSet') && !args.includes('--ignore-daemonsets')) return
  for (const pod of items) {
    if (ownerOf(pod) === 'DaemonSet') continue
    for (let tries = 0; tries < TRIES; tries += 1) {
      const refused = await evict(client, pod.metadata.name!, namespace).then(
        () => false,
        (error: unknown) => hasReason(error, 'TooManyRequests'),
      )
      if (!refused) break
      await sleep(systemEnvironment('error').timers, PAUSE_MS)
    }
  }
}

async function taint(client: Client, name: string, text: string): Promise<void> {
  const [, key = '', value = '', effect = '', minus] = /^([^=:]+)(?:=([^:]*))?:(\w+)(-?)$/.exec(text) ?? []
  const others = ((await client.get(nodes, { name })) as Node).spec?.taints?.filter(
    (one) => one.key !== key || one.effect !== effect,
  )
  const added: Taint[] = minus === '-' ? [] : [{ key, value, effect }]
  // What is new stands first, as with kubectl.
  await client.patch(nodes, { name }, { type: 'merge', patch: { spec: { taints: [...added, ...(others ?? [])] } } })
}

async function label(client: Client, name: string, text: string): Promise<void> {
  const [key = '', value] = text.endsWith('-') ? [text.slice(0, -1)] : text.split('=')
  await client.patch(nodes, { name }, { type: 'merge', patch: { metadata: { labels: { [key]: value ?? null } } } })
}

async function removeLabelled(client: Client, plural: string, labelSelector: string, namespace: string): Promise<void> {
  const type = resourceOf(plural)
  const { items } = await client.list(type, { namespace, labelSelector })
  for (const { metadata } of items) await client.delete(type, { namespace, name: metadata.name! })
}
