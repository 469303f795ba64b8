//! The verbs of `waxseald`, one file each.
//!
//! Called by `main`. What a person reads on the terminal is written here and
//! below. Never decides a rule.

mod ask;
mod backup;
mod folder;
mod holds;
mod init;
mod invite;
mod log;
mod paper;
mod run;
mod subject;
mod witness;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use waxseal_server::config::{Config, ConfigError, LogFormat, Who};
use waxseal_server::engine::OpenError;
use waxseal_server::store::StoreError;
use waxseal_server::store::sqlite::HeldError;

const EXAMPLES: &str = "\
Examples:
  waxseald                               serve on 127.0.0.1:8710, data in ./waxseal-data
  waxseald init                          write a commented configuration, waxseald.toml
  waxseald run --config waxseald.toml    serve as it says
  waxseald invite --uses 5 --days 14     a code that five people may register with
  waxseald subject alice                 everything this server holds about alice
  waxseald holds                         everything that this server can hold about anybody, and why
  waxseald witness                       a line by which another server vouches for this one
  waxseald backup today.waxseal          copy the store while the server runs
  waxseald restore today.waxseal         put a copy back, the server being stopped

Exit codes:
  0 done    1 failed    2 not understood, or the configuration is wrong
  3 there is no such account    4 the data folder is in use, or not empty";

/// The Waxseal server: carries sealed messages and cannot open them
#[derive(Debug, Parser)]
#[command(name = "waxseald", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    serving: Serving,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve until SIGTERM or Ctrl-C (the default)
    Run(Serving),
    /// Write a commented configuration file
    Init {
        /// Where to write it
        #[arg(default_value = "waxseald.toml")]
        file: PathBuf,
    },
    /// Make a code that people register with, where registration is by invitation
    Invite {
        /// How many people may register with it
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        uses: u32,
        /// For how many days it is good
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
    },
    /// Print everything that is held about an account: there is nothing more
    Subject {
        /// The account's name
        name: String,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Print the line by which another operator's server becomes a witness of this one
    Witness {
        /// Where this server is for others [default: where it listens]
        #[arg(long, value_name = "URL")]
        url: Option<String>,
    },
    /// Print every table and column that this server can hold, and why
    Holds,
    /// Copy the store to a file, while the server runs or not
    Backup {
        /// A file that is not there yet
        file: PathBuf,
    },
    /// Put a copy back; the server must be stopped
    Restore {
        /// What `backup` wrote
        file: PathBuf,
        /// Also where there is data already: the old folder is kept beside it, renamed
        #[arg(long)]
        force: bool,
    },
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// Where everything is.
#[derive(Debug, clap::Args)]
struct Place {
    /// Configuration file [default: ./waxseald.toml or /etc/waxseal/waxseald.toml, if there is one]
    #[arg(long, env = "WAXSEALD_CONFIG", value_name = "FILE", global = true, hide_env_values = true)]
    config: Option<PathBuf>,
    /// Data folder [default: ./waxseal-data]
    #[arg(long, env = "WAXSEALD_FOLDER", value_name = "FOLDER", global = true, hide_env_values = true)]
    folder: Option<PathBuf>,
}

/// How to serve; wins over the configuration file.
#[derive(Debug, Default, clap::Args)]
struct Serving {
    /// Where clients connect [default: 127.0.0.1:8710]
    #[arg(long, env = "WAXSEALD_LISTEN", value_name = "ADDRESS:PORT", hide_env_values = true)]
    listen: Option<SocketAddr>,
    /// Where metrics and admin answer, on loopback [default: 127.0.0.1:8711]
    #[arg(long, env = "WAXSEALD_ADMIN", value_name = "ADDRESS:PORT", hide_env_values = true)]
    admin: Option<SocketAddr>,
    /// Who may register [default: open]
    #[arg(long, env = "WAXSEALD_REGISTRATION", hide_env_values = true)]
    registration: Option<WhoArg>,
    /// Serve no page: people use the terminal client alone
    #[arg(long)]
    no_page: bool,
    /// A proxy in front does TLS, so plain HTTP off loopback is right
    #[arg(long)]
    behind_proxy: bool,
    /// What to log: error, warn, info, debug, trace [default: info]
    #[arg(long, env = "WAXSEALD_LOG", value_name = "LEVEL", hide_env_values = true)]
    log: Option<String>,
    /// How to log [default: human]
    #[arg(long, env = "WAXSEALD_LOG_FORMAT", hide_env_values = true)]
    log_format: Option<FormatArg>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum WhoArg {
    Open,
    Invite,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    Human,
    Json,
}

/// Why a verb was not done; says what to do next.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the log level does not read: {0}; try info, or debug")]
    LogLevel(String),
    #[error("{folder} is in use by another waxseald; stop it first, or give this one a folder of its own with --folder", folder = .0.display())]
    InUse(PathBuf),
    #[error("{folder} holds data already; give another with --folder, or put the copy in its place with --force", folder = .0.display())]
    NotEmpty(PathBuf),
    #[error("{file} is there already; give another name", file = .0.display())]
    FileExists(PathBuf),
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    Path(PathBuf, io::Error),
    #[error("cannot listen on {0}: {1}; choose another address with {2}")]
    Listen(SocketAddr, io::Error, &'static str),
    #[error("the store in {folder} cannot be opened: {error}", folder = .0.display(), error = .1)]
    Open(PathBuf, OpenError),
    #[error("{file} cannot be restored: {error}; nothing was changed", file = .0.display(), error = .1)]
    Restore(PathBuf, OpenError),
    #[error("nothing is held about this name")]
    NoSuchAccount,
    #[error("this cannot be the name of an account: {0}")]
    BadName(waxseal_wire::name::BadName),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Held(#[from] HeldError),
    #[error("the running server refused: {0}")]
    Refused(String),
    #[error("the running server does not answer on {0}: {1}")]
    Silent(String, io::Error),
    #[error("the system did not do its part: {0}")]
    System(#[from] io::Error),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::LogLevel(_) | Self::BadName(_) => 2.into(),
            Self::NoSuchAccount => 3.into(),
            Self::InUse(_) | Self::NotEmpty(_) | Self::FileExists(_) => 4.into(),
            _ => ExitCode::FAILURE,
        }
    }
}

/// Does what the operator wants.
pub(crate) fn perform(args: Args) -> Result<(), Failure> {
    let Args { verb, place, serving } = args;
    match verb {
        None => run::run(place.config()?.with(serving)),
        Some(Verb::Run(also)) => run::run(place.config()?.with(serving).with(also)),
        Some(Verb::Init { file }) => init::init(&file),
        Some(Verb::Invite { uses, days }) => invite::invite(&place.config()?, uses, days),
        Some(Verb::Subject { name, json }) => subject::subject(&place.config()?, &name, json),
        Some(Verb::Witness { url }) => witness::witness(&place.config()?, url.as_deref()),
        Some(Verb::Holds) => holds::holds(),
        Some(Verb::Backup { file }) => backup::backup(&place.config()?, &file),
        Some(Verb::Restore { file, force }) => backup::restore(&place.config()?, &file, force),
        Some(Verb::Completions { shell }) => paper::completions(shell),
        Some(Verb::Man) => paper::man(),
    }
}

impl Place {
    fn config(&self) -> Result<Config, Failure> {
        let usual = ["waxseald.toml", "/etc/waxseal/waxseald.toml"].map(Path::new);
        let found = self.config.as_deref().or_else(|| usual.into_iter().find(|path| path.is_file()));
        let mut config = found.map(Config::read).transpose()?.unwrap_or_default();
        if let Some(folder) = &self.folder {
            config.folder.clone_from(folder);
        }
        Ok(config)
    }
}

/// Prints to standard output; a reader who has seen enough (`| head`) is no failure.
fn tell(text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Flags over files.
trait With: Sized {
    fn with(self, serving: Serving) -> Self;
}

impl With for Config {
    fn with(mut self, serving: Serving) -> Self {
        self.listen = serving.listen.unwrap_or(self.listen);
        self.admin = serving.admin.unwrap_or(self.admin);
        self.page &= !serving.no_page;
        self.behind_proxy |= serving.behind_proxy;
        self.log.level = serving.log.unwrap_or(self.log.level);
        match serving.registration {
            Some(WhoArg::Open) => self.registration = Who::Open,
            Some(WhoArg::Invite) => self.registration = Who::Invite,
            None => {}
        }
        match serving.log_format {
            Some(FormatArg::Human) => self.log.format = LogFormat::Human,
            Some(FormatArg::Json) => self.log.format = LogFormat::Json,
            None => {}
        }
        self
    }
}
