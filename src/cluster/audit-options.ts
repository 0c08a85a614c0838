/** Where requests over HTTPS are recorded, and what of them. */
export interface AuditOptions {
  /** The file of Kubernetes' audit events, one a line. Without one nothing is recorded. */
  readonly log?: string
  /** A file with an `audit.k8s.io/v1` Policy. Default: all requests at level Metadata. */
  readonly policyFile?: string
  /** How large the log may become before it is put aside. Default 64 MiB. */
  readonly maxBytes?: number
  /** How many logs that were put aside are kept. Default 1. */
  readonly backups?: number
}
