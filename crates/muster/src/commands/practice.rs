use crate::banner;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::lifecycle::Signals;
use crate::listeners::Bound;
use crate::settings::Settings;
use clock::{Chance, Clock, PracticeClock};
use practice::{Practice, PracticeConfig};
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;

/// Runs a practice Discord until it is asked to stop; the bot's token is what `DISCORD_BOT_TOKEN` says.
pub(crate) fn run(settings: Settings) -> Result<ExitCode, Failure> {
    let bound = Bound::bind(settings.practice, "MUSTER_PRACTICE")?;
    let folder = DataFolder::take(&settings.data)?;
    super::block_on(live(settings, bound, &folder))?;
    Ok(ExitCode::SUCCESS)
}

async fn live(settings: Settings, bound: Bound, folder: &DataFolder) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let stop = CancellationToken::new();
    let config = PracticeConfig {
        listener: bound.into_tokio()?,
        clock: Clock::Practice(PracticeClock::running()),
        chance: Chance::from_os()?,
        data: Some(folder.practice()),
        strict_limits: true,
        token: settings.bot_token.map(|token| token.expose().clone()),
    };
    let practice = Practice::start(config, stop.clone()).await?;
    banner::say(&[
        "The practice Discord is running. Ctrl-C stops it.".to_owned(),
        format!("  practice     http://{}", practice.address()),
        format!("  data         {}", settings.data.display()),
    ]);
    signals.asked_to_stop().await;
    stop.cancel();
    practice.wait().await;
    Ok(())
}
