import { expect, test } from 'vitest'
import { systemEnvironment } from '../../env/system.ts'
import { openClusterIdentity } from '../../identity/key-files.ts'
import { createServiceAccountTokens, ISSUER } from './service-account-tokens.ts'

test("service account tokens: whoever shows a pod's token is told to be on the pod's node, by its name and uid", async () => {
  const env = systemEnvironment('error')
  const identity = openClusterIdentity(env)
  const uids = new Map([
    ['ServiceAccount ns/default', 'account'],
    ['Pod ns/p', 'pod'],
    ['Node n1', 'node'],
  ])
  const uidOf = (kind: string, key: string) => uids.get(`${kind} ${key}`)
  const tokens = createServiceAccountTokens(env, () => identity.serviceAccountKey, uidOf)
  const { token } = await tokens.sign({
    namespace: 'ns',
    serviceAccount: { name: 'default', uid: 'account' },
    boundObject: { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: 'pod' },
    nodeName: 'n1',
    audiences: [ISSUER],
    expirationSeconds: 3600,
  })
  expect(await tokens.review(token, [ISSUER])).toMatchObject({
    authenticated: true,
    user: {
      extra: {
        'authentication.kubernetes.io/node-name': ['n1'],
        'authentication.kubernetes.io/node-uid': ['node'],
        'authentication.kubernetes.io/pod-name': ['p'],
      },
    },
  })
})
