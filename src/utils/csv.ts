/** One line of RFC 4180: what holds a comma, a quote or a line break is quoted. */
export function csvLine(fields: readonly (string | number)[]): string {
  return fields
    .map((field) => (/[",\r\n]/.test(`${field}`) ? `"${`${field}`.replaceAll('"', '""')}"` : field))
    .join(',');
}
