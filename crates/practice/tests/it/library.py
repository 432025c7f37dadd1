"""A small bot on discord.py, pointed at a practice Discord instead of Discord."""

import sys

import discord
import yarl
from discord import app_commands

address, token, guild_id = sys.argv[1:4]
discord.http.Route.BASE = f"http://{address}/api/v10"
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://{address}/gateway")

client = discord.Client(intents=discord.Intents.default())
tree = app_commands.CommandTree(client)
guild = discord.Object(id=int(guild_id))


def say(line):
    print(line, flush=True)


class Table(discord.ui.View):
    def __init__(self, name):
        super().__init__(timeout=None)
        self.name = name

    @discord.ui.button(label="Sit down", style=discord.ButtonStyle.green, custom_id="sit")
    async def sit(self, interaction, button):
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.edit_original_response(content=f"Welcome, {interaction.user.display_name}")
        message = interaction.message
        await message.edit(content=f"{message.content} (1 seated)")
        await interaction.channel.send(f"{interaction.user.display_name} sat down")
        say(f"sent to {interaction.channel.name}")
        await interaction.user.send(f"You sit at {self.name}")
        say(f"sent to {interaction.user.display_name}")


@tree.command(name="table", description="Open a table", guild=guild)
@app_commands.describe(name="What is played")
async def table(interaction, name: str):
    embed = discord.Embed(title=name, colour=0x57F287)
    text = f"{interaction.user.display_name} opens {name}"
    await interaction.response.send_message(text, embed=embed, view=Table(name))


@client.event
async def on_ready():
    place = client.get_guild(int(guild_id))
    say(f"ready {client.user.name} in {place.name} with {len(place.text_channels)} text channels")
    commands = await tree.sync(guild=guild)
    say(f"synced {len(commands)} command")


client.run(token, log_level=30)
