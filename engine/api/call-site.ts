/**
 * The URL of the file that called `new Class()`, whichever subclass it belongs to: the job module of
 * the script form. Undefined where there is no file (`node -e`, standard input).
 */
export function callSiteOf(Class: Function): string | undefined {
  const prepare = Error.prepareStackTrace
  const limit = Error.stackTraceLimit
  const holder: { stack?: unknown } = {}
  try {
    Error.prepareStackTrace = (_, frames) => frames
    Error.stackTraceLimit = 1
    Error.captureStackTrace(holder, Class)
    const [frame] = holder.stack as NodeJS.CallSite[]
    const file = frame?.getFileName() ?? undefined
    return file === undefined ? undefined : asUrl(file)
  } finally {
    Error.prepareStackTrace = prepare
    Error.stackTraceLimit = limit
  }
}

function asUrl(file: string): string | undefined {
  // `node -e` and standard input have a URL, too, but no file.
  if (file.startsWith('file:')) return /\/\[\w+\]$/.test(file) ? undefined : file
  return file.startsWith('/') || /^[A-Za-z]:[\\/]/.test(file)
    ? process.getBuiltinModule('node:url').pathToFileURL(file).href
    : undefined
}
