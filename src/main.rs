//! The command-line tool: parse, run, print, exit.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use cwl2le::aws::Stop;
use cwl2le::cli::{self, Cli, Outcome, Shown, signals};
use cwl2le::environment;
use cwl2le::error::{Code, Error, Exit};
use cwl2le::output::{Envelope, Live, Printer, bug, for_terminal, report_panics};

fn main() -> ExitCode {
    #[expect(unsafe_code, reason = "the environment can be changed in no other way")]
    // SAFETY: nothing has started a thread yet.
    unsafe {
        environment::unset_empty();
    }
    report_panics();
    let args: Vec<String> = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let variables = std::env::vars_os();
    cli::learn_secrets(
        &args,
        variables.filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?))),
    );
    let cli = match cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return cli::unparsed(error, args, &mut io::stdout().lock(), &mut io::stderr()).into(),
    };
    // As long as the process lives, which is as long as anything is printed.
    let envelope: &'static Envelope = Box::leak(Box::new(Envelope::of(cli.verb())));
    let printer = Printer::new(cli.global.output, cli.global.color).within(envelope);
    let mut stderr = io::stderr();
    // Standard output belongs to the lines of `forward`, where it writes any.
    let mut documents: Box<dyn Write> =
        if cli.writes_lines() { Box::new(io::stderr()) } else { Box::new(io::stdout()) };
    let Ok(ended) = catch_unwind(AssertUnwindSafe(|| run(&cli, &printer))) else {
        // The panic has been reported on standard error.
        let _ = printer.error(&mut documents, &mut io::sink(), &bug("it stopped; standard error says where"));
        return Exit::Internal.into();
    };
    let exit = match &ended {
        Ok(outcome) => outcome.exit,
        Err(error) => error.code.exit(),
    };
    let printed = match &ended {
        Ok(outcome) => printer.report(&mut documents, &Shown(&*outcome.report)),
        Err(error) => printer.error(&mut documents, &mut stderr, error),
    };
    // A report that could not be written is not a success.
    let Err(cause) = printed else { return exit.into() };
    let error = Error::new(Code::Environment, format!("the report cannot be written: {cause}"))
        .hint("what the command did is done: run `cwl2le status` to see it");
    // Where this cannot be written either, the exit code still tells.
    let _ = printer.error(&mut io::sink(), &mut stderr, &error);
    Exit::Environment.into()
}

/// Writes to standard output without the buffer of [`io::stdout`], which does not tell how much of it was written when
/// a write fails. A file and a pipe get the bytes as they are, a terminal only what shows.
fn write_lines(lines: &[u8]) -> io::Result<usize> {
    let stdout = io::stdout();
    if stdout.is_terminal() {
        let mut stdout = stdout.lock();
        stdout.write_all(for_terminal(lines).as_bytes())?;
        return stdout.flush().map(|()| lines.len());
    }
    unbuffered(&stdout)?.write(lines)
}

/// Writes to standard output what is ready to be shown.
fn write_now(text: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text).and_then(|()| stdout.flush())
}

#[cfg(unix)]
fn unbuffered(stdout: &io::Stdout) -> io::Result<File> {
    use std::os::fd::AsFd as _;
    Ok(File::from(stdout.as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn unbuffered(stdout: &io::Stdout) -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    Ok(File::from(stdout.as_handle().try_clone_to_owned()?))
}

fn run(cli: &Cli, printer: &Printer) -> cwl2le::error::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(Code::Environment, format!("no threads can be started: {error}")))?;
    let ended = runtime.block_on(async {
        let (stop, progress) = (Stop::new(), printer.progress(cli.global.quiet));
        signals::listen(&stop, &progress);
        cli.global.log.or_verbose(cli.global.verbose).show(&progress);
        let live = Live::new(*printer, io::stdout().is_terminal(), &write_now);
        cli::run(cli, &progress, &stop, &write_lines, live).await
    });
    // The thread that waits for an answer must not keep the process running.
    runtime.shutdown_background();
    ended
}
