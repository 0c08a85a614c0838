/** The environment variables that a coordinator pod is given. */
export const COORDINATOR_VARIABLES = {
  port: 'SHOAL_PORT',
  /** The run's token, which workers prove to hold. */
  token: 'SHOAL_TOKEN',
  /** The directory in which the run's authority, and the coordinator's certificate and key lie. */
  trust: 'SHOAL_TRUST',
  /** How long the driver may be away before the run is given up, in milliseconds. */
  awayMs: 'SHOAL_DRIVER_AWAY_MS',
} as const
