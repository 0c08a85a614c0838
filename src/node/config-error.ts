/** A container cannot be made because what its spec refers to is missing or wrong; `reason` is its waiting reason. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError'
  readonly reason = 'CreateContainerConfigError'
}

/** A pod's volume cannot be provided; told by an event of reason FailedMount while it is so. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError'
  readonly reason = 'FailedMount'
}
