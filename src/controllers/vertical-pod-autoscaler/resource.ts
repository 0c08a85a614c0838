import type { KubeObject } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'

/** Amounts by resource, as quantities: `{ cpu: '250m', memory: '262144k' }`. */
export type Quantities = Readonly<Record<string, string>>

/** What one container is to have. */
export interface ContainerRecommendation {
  readonly containerName: string
  readonly lowerBound: Quantities
  readonly target: Quantities
  /** The target as it would be without the policy's bounds. */
  readonly uncappedTarget: Quantities
  readonly upperBound: Quantities
}

export interface ContainerPolicy {
  readonly containerName?: string
  readonly mode?: 'Auto' | 'Off'
  readonly minAllowed?: Quantities
  readonly maxAllowed?: Quantities
  readonly controlledResources?: readonly string[]
  readonly controlledValues?: 'RequestsAndLimits' | 'RequestsOnly'
}

/** `Off` recommends; every other mode applies what is recommended, in place. */
export type UpdateMode = 'Off' | 'Initial' | 'Recreate' | 'InPlaceOrRecreate' | 'Auto'

export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly lastTransitionTime: string
  readonly reason?: string
  readonly message?: string
}

/** `verticalpodautoscalers.autoscaling.k8s.io/v1`, as the autoscaler project of Kubernetes defines it. */
export interface VerticalPodAutoscaler extends KubeObject {
  readonly spec: {
    readonly targetRef: { readonly apiVersion?: string; readonly kind: string; readonly name: string }
    readonly updatePolicy?: { readonly updateMode?: UpdateMode }
    readonly resourcePolicy?: { readonly containerPolicies?: readonly ContainerPolicy[] }
  }
  readonly status?: {
    readonly conditions?: readonly Condition[]
    readonly recommendation?: { readonly containerRecommendations?: readonly ContainerRecommendation[] }
  }
}

export const verticalPodAutoscalers: ResourceType<VerticalPodAutoscaler> = {
  group: 'autoscaling.k8s.io',
  version: 'v1',
  kind: 'VerticalPodAutoscaler',
  plural: 'verticalpodautoscalers',
  singular: 'verticalpodautoscaler',
  namespaced: true,
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  shortNames: ['vpa'],
  categories: [],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'], kind: 'VerticalPodAutoscaler' }],
  definition: '',
}
