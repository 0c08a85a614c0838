import type { KubeObject } from '../../src/api/object.ts'
import { pods } from '../../src/api/generated/resources.ts'
import type { Client } from '../../src/client/client.ts'

/** A Pod as a small program asks for it, 2 KB once it is defaulted. */
export function pod(name: string): KubeObject & { readonly spec: never } {
  const resources = { requests: { cpu: '10m', memory: '16Mi' } }
  const container = { name: 'main', image: 'busybox:1.36', command: ['sleep', '1'], resources }
  const metadata = { name, namespace: 'default', labels: { app: 'bench' } }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [container] } as never }
}

export async function createPods(client: Client, prefix: string, count: number): Promise<void> {
  for (let at = 0; at < count; at += 32) {
    const names = Array.from({ length: Math.min(32, count - at) }, (_, i) => `${prefix}-${at + i}`)
    await Promise.all(names.map((name) => client.create(pods, pod(name))))
  }
}
