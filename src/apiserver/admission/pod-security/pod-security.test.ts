import { expect, test } from 'vitest'
import { deployments, namespaces, pods } from '../../../api/generated/resources.ts'
import type { Pod, PodSpec } from '../../../api/generated/core-v1.ts'
import type { Deployment } from '../../../api/generated/apps-v1.ts'
import { systemEnvironment } from '../../../env/system.ts'
import { createMemoryStore } from '../../../store/memory-store.ts'
import { createApiServer } from '../../api-server.ts'
import { createDirectClient } from '../../direct-client.ts'
import { allowAll } from '../../verbs/authorizer.ts'
import { podSecurity } from './pod-security.ts'

async function connect(labels: Readonly<Record<string, string>>) {
  const environment = systemEnvironment('error')
  const store = createMemoryStore(environment)
  const server = await createApiServer({ environment, store, authorizer: allowAll, plugins: [podSecurity] })
  const warnings: string[] = []
  const client = createDirectClient(server, { user: { name: 'a', groups: [] }, warn: (text) => warnings.push(text) })
  await client.create(namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'n', labels: labelled(labels) },
  })
  const make = (spec: Partial<PodSpec>) => client.create(pods, pod(spec))
  return { client, make, warnings }
}

const labelled = (labels: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(labels).map(([mode, level]) => [`pod-security.kubernetes.io/${mode}`, level]))

const containers = [{ name: 'c', image: 'i' }]

const pod = (spec: Partial<PodSpec>): Pod =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'n' }, spec: { containers, ...spec } }) as Pod

const SAFE: Partial<PodSpec> = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'c',
      image: 'i',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
}

test('a restricted namespace refuses a pod that says nothing of its security, with every reason', async () => {
  const { make } = await connect({ enforce: 'restricted' })
  await expect(make({})).rejects.toMatchObject({
    code: 403,
    message:
      'pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  })
  await make(SAFE)
})

/** The words are those of Kubernetes' pod security standards at 1.34. */
test.each<readonly [Partial<PodSpec>, string]>([
  [{ hostNetwork: true, hostPID: true }, 'host namespaces (hostNetwork=true, hostPID=true)'],
  [{ volumes: [{ name: 'v', hostPath: { path: '/' } }] }, 'hostPath volumes (volume "v")'],
  [
    { containers: [{ name: 'c', image: 'i', securityContext: { privileged: true } }] },
    'privileged (container "c" must not set securityContext.privileged=true)',
  ],
  [
    { containers: [{ name: 'c', image: 'i', securityContext: { capabilities: { add: ['NET_ADMIN', 'CHOWN'] } } }] },
    'non-default capabilities (container "c" must not include "NET_ADMIN" in securityContext.capabilities.add)',
  ],
  [
    { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 80 }] }] },
    'hostPort (container "c" uses hostPort 80)',
  ],
  [{ securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }, 'forbidden sysctls (kernel.msgmax)'],
  [
    { securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } } },
    'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
  ],
  [
    { securityContext: { seccompProfile: { type: 'Unconfined' } } },
    'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
])('a baseline namespace refuses %j', async (spec, why) => {
  const { make } = await connect({ enforce: 'baseline' })
  await expect(make(spec)).rejects.toThrow(`pods "p" is forbidden: violates PodSecurity "baseline:latest": ${why}`)
})

test('the version that a namespace names decides what is checked', async () => {
  const { make } = await connect({ enforce: 'baseline', 'enforce-version': 'v1.26' })
  const securityContext = { sysctls: [{ name: 'net.ipv4.ip_local_reserved_ports', value: '1' }] }
  await expect(make({ securityContext })).rejects.toThrow('violates PodSecurity "baseline:v1.26": forbidden sysctls')
})

test('what makes pods is warned of, not refused', async () => {
  const { client, warnings } = await connect({ enforce: 'baseline' })
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers, hostPID: true } }
  await client.create(deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace: 'n' },
    spec: { selector: { matchLabels: { a: 'b' } }, template },
  } as unknown as Deployment)
  expect(warnings).toEqual(['would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)'])
})

test('a namespace that becomes stricter tells which of its pods it would not let in; wrong labels are refused', async () => {
  const { client, make, warnings } = await connect({})
  await make({ hostIPC: true })
  const merge = (labels: object) =>
    client.patch(namespaces, { name: 'n' }, { type: 'merge', patch: { metadata: { labels } } })
  await merge(labelled({ enforce: 'baseline' }))
  expect(warnings).toEqual([
    'existing pods in namespace "n" violate the new PodSecurity enforce level "baseline:latest"',
    'p: host namespaces',
  ])
  await expect(merge(labelled({ warn: 'strict' }))).rejects.toThrow(
    'metadata.labels[pod-security.kubernetes.io/warn]: Invalid value: "strict": must be one of privileged, baseline, restricted',
  )
})
