import { expect, test } from 'vitest'
import { services } from '../src/api/generated/resources.ts'
import { createCluster } from '../src/cluster/cluster.ts'

// SetDefaults_Service gives points of a Service of type LoadBalancer the mode VIP: by its spec, whoever writes its status.
test.each(['merge', 'strategic'] as const)(
  'a %s patch of the status of a load balancer has the default mode of its addresses',
  async (type) => {
    await using cluster = await createCluster({ apiOnly: true })
    const key = { namespace: 'default', name: 'web' }
    const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] } as const
    await cluster.client.create(services, { apiVersion: 'v1', kind: 'Service', metadata: key, spec })
    const patch = { status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } } }
    const { status } = await cluster.client.patch(services, key, { type, patch }, { subresource: 'status' })
    expect(status).toEqual({ loadBalancer: { ingress: [{ ip: '203.0.113.1', ipMode: 'VIP' }] } })
  },
)
