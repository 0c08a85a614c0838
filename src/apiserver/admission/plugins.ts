import { preventEscalation } from '../authz/escalation.ts'
import type { Authorizer } from '../verbs/authorizer.ts'
import type { AdmissionPlugin } from './admission.ts'
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts'
import { claimResize } from './claim-resize.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerations } from './default-tolerations.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction/node-restriction.ts'
import { podSecurity } from './pod-security/pod-security.ts'
import { priority } from './priority.ts'
import { resourceQuota } from './resource-quota.ts'
import { runtimeClass } from './runtime-class.ts'
import { serviceAccount } from './service-account.ts'
import { storageInUse } from './storage-in-use.ts'
import { taintNodes } from './taint-nodes.ts'
import { terminatingDefinition } from './terminating-definition.ts'

/** What a server has only where it is asked for, as with kube-apiserver's `--enable-admission-plugins`. */
export const OPTIONAL_PLUGINS: readonly string[] = ['NodeRestriction']

/** The plugins that a server has by default and the optional ones that are named, in Kubernetes' order. */
export function admissionPlugins(authorizer: Authorizer, enabled: readonly string[] = []): readonly AdmissionPlugin[] {
  return allPlugins(authorizer).filter(({ name }) => !OPTIONAL_PLUGINS.includes(name) || enabled.includes(name))
}

function allPlugins(authorizer: Authorizer): readonly AdmissionPlugin[] {
  return [
    terminatingDefinition,
    namespaceLifecycle,
    limitRanger,
    serviceAccount,
    nodeRestriction(authorizer),
    taintNodes,
    podSecurity,
    priority,
    defaultTolerations,
    defaultStorageClass,
    storageInUse,
    claimResize,
    runtimeClass,
    certificateApproval(authorizer),
    certificateSigning(authorizer),
    certificateSubjectRestriction,
    defaultIngressClass,
    preventEscalation(authorizer),
    resourceQuota,
  ]
}
