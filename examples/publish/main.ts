// A message-publishing application: publisher, broker and consumers as Deployments, with a ConfigMap, a Secret, a Service and an
// Ingress. `bin/shoal run examples/publish/main.ts` runs it in a cluster of its own; with a cluster that runs,
// `kubectl apply -f examples/publish/manifests.yaml` does the same.
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { resources } from 'shoal/client'
import type { KubeObject, ResourceType } from 'shoal/client'
import { Cluster } from 'shoal/cluster'
import { parseAllDocuments } from 'yaml'

const PAUSE_MS = 100

await using cluster = await Cluster.create()
await cluster.ready
const types = Object.values(resources) as readonly ResourceType[]
for (const document of parseAllDocuments(readFileSync(`${import.meta.dirname}/manifests.yaml`, 'utf8'))) {
  const object = document.toJS() as KubeObject
  const type = types.find(({ kind }) => kind === object.kind)!
  await cluster.client.create(type, { ...object, metadata: { ...object.metadata, namespace: 'default' } })
}

const { ip, port } = await entry()
let done: [message: string, consumers: string[]][] = []
while (done.length < 12) {
  await setTimeout(PAUSE_MS)
  const { status, text } = await ask('/status')
  if (status === 200) done = JSON.parse(text) as typeof done
}
const numberOf = (message: string) => Number(message.split(' ')[1])
for (const [message, consumers] of done.sort(([a], [b]) => numberOf(a) - numberOf(b))) {
  console.log(`${message}: consumed ${consumers.length === 1 ? 'once' : `${consumers.length} times`}`)
}
console.log(`by ${new Set(done.flatMap(([, consumers]) => consumers)).size} consumers`)
console.log(`without the token: ${(await ask('/publish')).status}`)

/** Where the Ingress is served, once it is. */
async function entry(): Promise<{ readonly ip: string; readonly port: number }> {
  for (;;) {
    const { status } = await cluster.client.get(resources.ingresses, { namespace: 'default', name: 'entry' })
    const [at] = status?.loadBalancer?.ingress ?? []
    if (at?.ip !== undefined) return { ip: at.ip, port: at.ports?.[0]?.port ?? 80 }
    await setTimeout(PAUSE_MS)
  }
}

/** Asks as a client outside the cluster does: by the host name that the Ingress is for. */
function ask(path: string): Promise<{ readonly status: number | undefined; readonly text: string }> {
  const headers = { host: 'messages.example.com' }
  return new Promise((resolve, reject) => {
    get({ host: ip, port, path, headers }, async (response) => {
      resolve({ status: response.statusCode, text: Buffer.concat(await response.toArray()).toString() })
    }).on('error', reject)
  })
}
