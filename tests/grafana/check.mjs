// Holds dashboards against the TypeScript types that Grafana publishes of its schema, of several versions.
//
//   node check.mjs FOLDER FILE...
//
// FOLDER has the node_modules of package.json. Prints each error with its version and panel; exits with 1 when there is one.
//
// The published type of a panel leaves its options, overrides and transformations open. Here they are closed: each panel is
// compared with the options and field configuration of its own type, and every override as the configuration that it sets.

import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";

const [folder, ...files] = process.argv.slice(2);
const modules = resolve(folder, "node_modules");
const ts = createRequire(join(modules, "x"))("typescript");

const VERSIONS = [
  // The options of panels were not published yet.
  { name: "9.3", index: "dist/index", custom: { timeseries: "GraphFieldConfig", table: "TableFieldOptions" } },
  { name: "10.4", index: "dist/index", raw: "dist/esm/raw" },
  { name: "11.6", index: "dist/esm/index", raw: "dist/esm/raw" },
  { name: "13.2", index: "dist/types/index", raw: "dist/types/raw" },
];

const PRELUDE = `
// A type as its values are written in JSON: enumerations by their values.
type Json<T> = T extends string ? (string extends T ? string : \`\${T}\`)
  : T extends number ? (\`\${T}\` extends \`\${infer N extends number}\` ? N : never)
  : T extends boolean | null | undefined ? T
  : T extends Array<infer U> ? Array<Json<U>>
  : T extends object ? { [K in keyof T]: Json<T[K]> }
  : T;
type Link = { title: string; url: string; targetBlank?: boolean };
type Query = { refId: string; datasource: { type: "prometheus"; uid: string }; expr: string; legendFormat: string;
  editorMode?: "code" | "builder"; format?: "time_series" | "table" | "heatmap"; interval?: string; instant?: boolean; range?: boolean; hide?: boolean };
type Transformation = { id: "merge"; options: {} }
  | { id: "organize"; options: { excludeByName: Record<string, boolean>; indexByName: Record<string, number>; renameByName: Record<string, string> } };
type Field<Custom> = Partial<Omit<core.FieldConfig, "custom" | "links">> & { custom?: Partial<Custom>; links?: Link[] };
type PanelOf<Options, Custom> = Partial<Omit<core.Panel, "fieldConfig" | "options" | "targets" | "transformations">> & {
  type: string; options: Partial<Options>; targets: Query[]; transformations?: Transformation[];
  fieldConfig: { defaults: Field<Custom>; overrides: Array<{ matcher: { id: "byName"; options: string }; properties: Array<{ id: string; value: unknown }> }> };
};
`;

/** The file of a type's declarations within the package of a version, or null. */
function declarations(version, path) {
  const within = join(modules, `grafana-schema-${version.name}`, version.raw, path);
  try {
    const file = readdirSync(within).find((name) => name.endsWith(".d.ts"));
    return file ? join(within, file.replace(/\.d\.ts$/, "")) : null;
  } catch {
    return null;
  }
}

/** What a panel sets for the fields that an override matches, written as the configuration of a field. */
function overridden(override, version) {
  const field = {};
  for (const { id, value } of override.properties) {
    // 9.3 calls it displayMode, and takes no notice of the newer name beside it.
    if (version.name === "9.3" && id === "custom.cellOptions") continue;
    const [first, second] = id.split(".");
    if (second) (field[first] ??= {})[second] = value;
    else field[first] = value;
  }
  return field;
}

/** A dashboard as a program that only compiles when the dashboard fits. */
function program(dashboard, version) {
  // 9.3 writes the value of a lowest threshold as null, too, but its type says that there is none.
  const shown = (key, value) => (!version.raw && key === "value" && value === null ? undefined : value);
  const text = (json) => JSON.stringify(json, shown, 2);
  const index = join(modules, `grafana-schema-${version.name}`, version.index);
  const core = version.raw ? declarations(version, "dashboard/x") : index;
  const lines = [`import type * as core from ${text(core)};`, `import type * as common from ${text(index)};`];
  const types = new Set(dashboard.panels.map((panel) => panel.type).filter((type) => type !== "row"));
  const custom = {};
  for (const type of types) {
    const name = type.replace("-", "");
    const file = version.raw && declarations(version, `composable/${name}/panelcfg/x`);
    if (version.raw && !file) lines.push(`const error: never = "there is no panel ${type}";`);
    if (file) lines.push(`import type * as ${name} from ${text(file)};`);
    const published = file && readFileSync(`${file}.d.ts`, "utf8").includes("interface FieldConfig");
    const open = "Record<string, unknown>";
    const older = version.custom?.[type] ? `common.${version.custom[type]}` : open;
    custom[type] = file ? [`${name}.Options`, published ? `${name}.FieldConfig` : "{}"] : [open, older];
  }
  lines.push(PRELUDE);
  const { panels, ...rest } = dashboard;
  // In 9.3 the types of variables and of the time picker name a part of what Grafana wrote itself.
  const partly = version.raw ? "" : ' | "templating" | "timepicker" | "style"';
  if (!version.raw) {
    delete rest.templating;
    delete rest.timepicker;
  }
  lines.push(`const dashboard: Json<Omit<core.Dashboard, "panels"${partly}>> = ${text(rest)};`);
  panels.forEach((panel, at) => {
    if (panel.type === "row") {
      lines.push(`const panel_${at}: Json<core.RowPanel> = ${text(panel)};`);
      return;
    }
    const [options, field] = custom[panel.type];
    lines.push(`const panel_${at}: Json<PanelOf<${options}, ${field}>> = ${text(panel)};`);
    for (const [number, override] of panel.fieldConfig.overrides.entries()) {
      lines.push(`const panel_${at}_${number}: Json<Field<${field}>> = ${text(overridden(override, version))};`);
    }
  });
  return lines.join("\n");
}

/** The errors of these dashboards in this version, for a person. */
function errors(version) {
  const dashboards = new Map(files.map((file) => [`${resolve(file)}.${version.name}.ts`, JSON.parse(readFileSync(file, "utf8"))]));
  const sources = new Map([...dashboards].map(([name, dashboard]) => [name, program(dashboard, version)]));
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    paths: { "@grafana/schema": [join(modules, `grafana-schema-${version.name}`, `${version.index}.d.ts`)] },
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (name) => sources.has(name) || fileExists(name);
  host.getSourceFile = (name, ...more) =>
    sources.has(name) ? ts.createSourceFile(name, sources.get(name), ts.ScriptTarget.ES2022) : getSourceFile(name, ...more);
  const compiled = ts.createProgram([...sources.keys()], options, host);
  return ts.getPreEmitDiagnostics(compiled).map((diagnostic) => {
    const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n  ");
    const source = sources.get(diagnostic.file?.fileName);
    if (!source) return `Grafana ${version.name}: ${message}`;
    const before = source.slice(0, diagnostic.start);
    const number = before.match(/const panel_(\d+)(?![\s\S]*const (panel|dashboard))/)?.[1];
    const title = number ? ` "${dashboards.get(diagnostic.file.fileName).panels[number].title}"` : "";
    const line = source.slice(before.lastIndexOf("\n") + 1).split("\n", 1)[0].trim();
    return `Grafana ${version.name}: ${basename(diagnostic.file.fileName, `.${version.name}.ts`)}${title}: ${line}\n  ${message}`;
  });
}

const found = VERSIONS.flatMap(errors);
console.log(found.join("\n"));
process.exit(found.length > 0 ? 1 : 0);
