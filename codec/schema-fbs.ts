import { type Field, type InlineName, type Table, tablesOf, type WireType } from './table-layout.ts'

const INLINE: Readonly<Record<InlineName, string>> = {
  bool: 'bool',
  int8: 'byte',
  uint8: 'ubyte',
  int16: 'short',
  uint16: 'ushort',
  int32: 'int',
  uint32: 'uint',
  int64: 'long',
  bigint: 'long',
  ubigint: 'ulong',
  float32: 'float',
  float64: 'double',
  date: 'double',
}

/** Words that mean something at the place of a field or type, and the tables of every frame. */
const TAKEN = new Set([
  ...Object.values(INLINE),
  ...['string', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'],
  ...['float32', 'float64', 'table', 'struct', 'enum', 'union', 'namespace', 'root_type'],
  ...['include', 'attribute', 'rpc_service', 'file_identifier', 'file_extension', 'native_include'],
  ...['true', 'false', 'null', 'nan', 'inf', 'Record', 'Frame', 'Fragment'],
])

/** The schema file of streams whose records lie in `root`. */
export function fbsOf(root: Table): string {
  const tables = tablesOf(root)
  const names = uniqueNames(tables.map(({ name }) => name))
  names[0] = 'Record'
  const nameOf = (table: Table): string => names[tables.indexOf(table)]
  const texts = tables.map((table, i) => {
    const comment = i === 0 ? `// The records are of type ${root.name}.\n` : ''
    return `${comment}table ${names[i]} {\n${fieldLines(table, nameOf)}}\n`
  })
  return `// Made by sage-stream: the frames of a stream of ${root.name} (see codec/frame.fbs).
// A field that is absent is null. Strings may hold lone surrogates, in three bytes each.

namespace sage;

${texts.join('\n')}
table Fragment {
  total: uint;
  offset: uint;
  data: [ubyte];
}

table Frame {
  kind: ubyte;  // 0 Data, 1 Fragment, 2 Stop
  count: uint;
  records: [Record];
  values: [ubyte];
  keys: [ubyte];
  timestamps: [double];
  fragment: Fragment;
}

root_type Frame;
`
}

function fieldLines(table: Table, nameOf: (table: Table) => string): string {
  const names = uniqueNames(table.fields.map(({ name }) => name))
  const lines = table.fields.map((field, i) => `  ${names[i]}: ${declaration(field, nameOf)}\n`)
  // The numbers of a file must have no gaps.
  const ids = new Set(table.fields.map(({ id }) => id))
  for (let id = 0; id < Math.max(...ids); id++) {
    if (!ids.has(id)) lines.push(`  unused_${id}: ubyte (deprecated, id: ${id});\n`)
  }
  return lines.join('')
}

function declaration(field: Field, nameOf: (table: Table) => string): string {
  const { type, nullable, id } = field
  const inline = type.kind === 'inline'
  const absent = inline && nullable ? ' = null' : ''
  const required = !inline && !nullable ? 'required, ' : ''
  const note = inline && type.scalar === 'date' ? '  // ms since the epoch, NaN = invalid' : ''
  return `${typeName(type, nameOf)}${absent} (${required}id: ${id});${note}`
}

function typeName(type: WireType, nameOf: (table: Table) => string): string {
  switch (type.kind) {
    case 'inline':
      return INLINE[type.scalar]
    case 'table':
      return nameOf(type.table)
    case 'list':
      return `[${typeName(type.element, nameOf)}]`
    default:
      return type.kind === 'bytes' ? '[ubyte]' : 'string'
  }
}

/** The names as identifiers that the language allows, each once. */
function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set(TAKEN)
  return names.map((name) => {
    let unique = name.replace(/\W/g, '_').replace(/^(?=\d|$)/, '_')
    while (taken.has(unique)) unique += '_'
    taken.add(unique)
    return unique
  })
}
