/** The order of groups in discovery. Custom groups follow, by name. */
export const GROUP_ORDER: readonly string[] = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
]

/** `group/version` of what a server of Kubernetes 1.34 serves by default: alpha and beta versions are off. */
export const SERVED_VERSIONS: ReadonlySet<string> = new Set([
  ...GROUP_ORDER.map((group) => `${group}/v1`),
  'autoscaling/v2',
])
