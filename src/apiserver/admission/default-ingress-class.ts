import type { Draft } from '../../api/draft.ts'
import type { Ingress } from '../../api/generated/networking-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import type { AdmissionPlugin } from './admission.ts'

const IS_DEFAULT = 'ingressclass.kubernetes.io/is-default-class'
const CLASS = 'kubernetes.io/ingress.class'

/** An Ingress that names no class gets the default one; the newest where several are marked, the first by name of those. */
export const defaultIngressClass: AdmissionPlugin = {
  name: 'DefaultIngressClass',
  resources: ['ingresses.networking.k8s.io'],
  operations: ['CREATE'],
  mutate({ object, head }) {
    const { spec, metadata } = object as Draft<Ingress>
    if (spec === undefined || spec.ingressClassName !== undefined || metadata.annotations?.[CLASS] !== undefined) return
    let newest: KubeObject | undefined
    for (const { object: one } of head.list('ingressclasses.networking.k8s.io')) {
      if (one.metadata.annotations?.[IS_DEFAULT] !== 'true') continue
      if ((one.metadata.creationTimestamp ?? '') > (newest?.metadata.creationTimestamp ?? '')) newest = one
    }
    if (newest?.metadata.name !== undefined) spec.ingressClassName = newest.metadata.name
  },
}
