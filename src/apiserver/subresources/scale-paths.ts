import type { KubeObject } from '../../api/object.ts'
import type { ServedResource } from '../verbs/served-resource.ts'

/** Where a custom resource keeps its replicas, as its definition says. */
export interface ScalePaths {
  readonly wanted: readonly string[]
  readonly actual: readonly string[]
  readonly selector?: readonly string[]
}

interface Definition extends KubeObject {
  readonly spec?: { readonly versions?: readonly { readonly name: string; readonly subresources?: Subresources }[] }
}

interface Subresources {
  readonly scale?: {
    readonly specReplicasPath: string
    readonly statusReplicasPath: string
    readonly labelSelectorPath?: string
  }
}

/** Undefined for built-in kinds, which all keep them in `spec.replicas` and `status.replicas`. */
export function customScalePaths(resource: ServedResource): ScalePaths | undefined {
  const versions = (resource.definition as Definition | undefined)?.spec?.versions
  const scale = versions?.find((one) => one.name === resource.type.version)?.subresources?.scale
  if (scale === undefined) return undefined
  const steps = (path: string) => path.replace(/^\./, '').split('.')
  return {
    wanted: steps(scale.specReplicasPath),
    actual: steps(scale.statusReplicasPath),
    ...(scale.labelSelectorPath === undefined ? {} : { selector: steps(scale.labelSelectorPath) }),
  }
}
