import type { ConfigMap, Namespace } from '../../api/generated/core-v1.ts'
import { configMaps, namespaces } from '../../api/generated/resources.ts'
import type { Controller, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'

/** The config map from which pods take the certificate of the authority that signed the API server's. */
export const ROOT_CA_NAME = 'kube-root-ca.crt'

const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal ' +
  'service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

/** Publishes `caCertificate` (PEM) in every namespace, and puts it right where someone changes it. */
export function rootCaPublisher(caCertificate: string): Controller {
  return {
    name: 'root-ca-cert-publisher',
    build(context) {
      const namespaceInformer = context.informer(namespaces)
      const mapInformer = context.informer(configMaps)
      const namespaceOf = (map: ConfigMap) => (map.metadata.name === ROOT_CA_NAME ? [map.metadata.namespace!] : [])
      return {
        sources: [changesOf(namespaceInformer), changesOf(mapInformer, namespaceOf)],
        reconcile(key) {
          const map = mapInformer.get({ namespace: key, name: ROOT_CA_NAME })
          return decideRootCa(namespaceInformer.getByKey(key), map, caCertificate)
        },
      }
    },
  }
}

export function decideRootCa(
  namespace: Namespace | undefined,
  map: ConfigMap | undefined,
  caCertificate: string,
): Decision {
  if (namespace === undefined || namespace.status?.phase === 'Terminating') return SETTLED
  const data = { 'ca.crt': caCertificate }
  const annotations = { ...map?.metadata.annotations, 'kubernetes.io/description': DESCRIPTION }
  if (map === undefined) {
    const metadata = { name: ROOT_CA_NAME, namespace: namespace.metadata.name!, annotations }
    const object: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }
    return { changes: [{ verb: 'create', type: configMaps, object }] }
  }
  const isRight = Object.keys(map.data ?? {}).length === 1 && map.data?.['ca.crt'] === caCertificate
  if (isRight && map.metadata.annotations?.['kubernetes.io/description'] === DESCRIPTION) return SETTLED
  const object: ConfigMap = { ...map, metadata: { ...map.metadata, annotations }, data }
  return { changes: [{ verb: 'update', type: configMaps, object }] }
}
