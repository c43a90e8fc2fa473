// Reads mails as a JSON object {name: html} and writes what is wrong with each: [[name, rule, message], …].
import { auditEmail } from "@emailens/engine";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const found = [];
for (const [name, html] of Object.entries(JSON.parse(Buffer.concat(chunks)))) {
  const audit = auditEmail(html);
  for (const one of audit.compatibility.warnings)
    if (one.severity === "error") found.push([name, one.property, `${one.client}: ${one.message}`]);
  // Not "spam": its rules take every cell that MJML sets in font size 0, and each preview line, for hidden text.
  for (const part of ["links", "accessibility", "images", "size", "templateVariables"])
    for (const one of audit[part].issues)
      if (one.severity === "error") found.push([name, one.rule, `${one.message} ${one.element ?? one.detail ?? ""}`]);
}
process.stdout.write(JSON.stringify(found));
