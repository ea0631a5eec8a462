import { Converter, ReflectionKind } from 'typedoc'

/** Gives overloads without a comment of their own that of the one before them. */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const { signatures = [] } of project.getReflectionsByKind(ReflectionKind.FunctionOrMethod)) {
      for (const [index, signature] of signatures.entries()) {
        signature.comment ??= signatures[index - 1]?.comment?.clone()
      }
    }
  })
}
