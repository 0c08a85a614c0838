/**
 * An error for authors of programs and users of the command line: a stable `code` that programs match on, a message in the
 * grammar `Cannot <act> "<name>": <current>, expected <wanted>`, and in `hint` what to do next. Each family of errors has
 * a class of its own and a table of its codes.
 */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code
  readonly hint: string

  constructor(code: Code, message: string, hint: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.hint = hint
  }
}
