import type { Namespace, ServiceAccount } from '../../api/generated/core-v1.ts'
import { namespaces, serviceAccounts } from '../../api/generated/resources.ts'
import type { Controller, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'

/** Gives every namespace its service account `default`, again where someone deletes it. */
export const serviceAccountController: Controller = {
  name: 'service-account-controller',
  build(context) {
    const namespaceInformer = context.informer(namespaces)
    const accountInformer = context.informer(serviceAccounts)
    const namespaceOf = (account: ServiceAccount) =>
      account.metadata.name === 'default' ? [account.metadata.namespace!] : []
    return {
      sources: [changesOf(namespaceInformer), changesOf(accountInformer, namespaceOf)],
      reconcile: (key) =>
        decideServiceAccount(namespaceInformer.getByKey(key), accountInformer.get({ namespace: key, name: 'default' })),
    }
  },
}

export function decideServiceAccount(namespace: Namespace | undefined, account: ServiceAccount | undefined): Decision {
  if (account !== undefined || namespace === undefined || namespace.status?.phase === 'Terminating') return SETTLED
  const object: ServiceAccount = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: namespace.metadata.name! },
  }
  return { changes: [{ verb: 'create', type: serviceAccounts, object }] }
}
