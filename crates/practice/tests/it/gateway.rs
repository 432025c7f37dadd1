//! Logging in and staying in.

use crate::bot::Bot;
use crate::stage::Stage;
use practice::cast;

#[tokio::test]
async fn a_bot_logs_in_and_is_told_about_the_guild() {
    let stage = Stage::open().await;
    let (bot, guild) = Bot::log_in(&stage).await;
    assert_eq!(guild.name, "Practice Guild");
    assert_eq!(guild.owner_id.get(), cast::guild().owner_id);
    assert_eq!(guild.roles.len(), cast::roles().len());
    assert_eq!(guild.channels.len(), cast::channels().len());
    let members: Vec<u64> = guild.members.iter().map(|member| member.user.id.get()).collect();
    assert_eq!(members, [cast::APPLICATION_ID], "without the members intent");
    let me = bot.http.current_user().await.unwrap().model().await.unwrap();
    assert_eq!(me.id.get(), stage.practice.application_id());
}
