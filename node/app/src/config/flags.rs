//! One flag per setting, made from the table.

use super::settings::SETTINGS;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

/// The settings given as flags, in the order of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigFlags {
    /// Path of the setting and the text given.
    pub given: Vec<(&'static str, String)>,
}

const HEADING: &str = "Settings (each is also a key of the file and an ASSAY_* variable; --help lists all)";

/// Flags that are shown by `-h` too.
const COMMON: &[&str] =
    &["rpc.host", "rpc.port", "admin.port", "p2p.listen", "p2p.peers", "log.filter", "keys.passphrase_file"];

impl Args for ConfigFlags {
    fn augment_args(command: Command) -> Command {
        SETTINGS.iter().fold(command, |command, setting| {
            let mut arg = Arg::new(setting.path)
                .long(setting.flag())
                .value_name("VALUE")
                .help(setting.help)
                .help_heading(HEADING)
                .hide_short_help(!COMMON.contains(&setting.path));
            if let Some(alias) = setting.alias {
                arg = arg.visible_alias(alias);
            }
            command.arg(arg)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ConfigFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let text = |path| matches.get_one::<String>(path).cloned();
        let given = SETTINGS.iter().filter_map(|setting| Some((setting.path, text(setting.path)?))).collect();
        Ok(Self { given })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
