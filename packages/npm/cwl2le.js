#!/usr/bin/env node
// Starts the program, which is in the package of this system.
"use strict";

const { spawn } = require("node:child_process");

const name = `cwl2le-${process.platform}-${process.arch}`;

function program() {
  const file = process.platform === "win32" ? "cwl2le.exe" : "cwl2le";
  try {
    return require.resolve(`${name}/bin/${file}`);
  } catch {
    // Not installed, or there is none for this system.
  }
  process.stderr.write(
    `error: the package ${name}, which has the program for this system, is not installed\n` +
      `hint: install again without --omit=optional and --no-optional, or see ` +
      `${require("../package.json").homepage}#install for other ways\n`,
  );
  process.exit(10);
}

// Whoever ends this process means the program, which ends its work in order. A terminal sends Ctrl-C to both, and a
// second one would stop the program at once. This comes first, so that no signal is too early.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) {
      child.kill(signal);
    }
  });
}

const child = spawn(program(), process.argv.slice(2), { stdio: "inherit" });

child.on("error", (error) => {
  process.stderr.write(`error: ${child.spawnfile} cannot be started: ${error.message}\n`);
  process.exit(10);
});

child.on("exit", (code, signal) => {
  if (signal) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  } else {
    process.exit(code);
  }
});
