//! Forms (modals) that the bot opened, filled in by a person.

use super::interactions::{Interaction, MODAL_SUBMIT};
use super::play::{Invocation, PlayError};
use super::{Snowflake, World};
use serde_json::{Map, Value, json};

const ACTION_ROW: u64 = 1;
const TEXT_INPUT: u64 = 4;
const LABEL: u64 = 18;
/// Discord's callback type of a form.
const MODAL_ANSWER: u8 = 9;
/// The longest text that any field takes (components, "Text Input").
const TEXT_LIMIT: u64 = 4000;

/// One thing to fill in.
#[derive(Debug)]
pub(crate) struct Field<'a> {
    pub(crate) label: &'a str,
    pub(crate) input: &'a Value,
}

impl Field<'_> {
    pub(crate) fn custom_id(&self) -> &str {
        self.input["custom_id"].as_str().unwrap_or_default()
    }

    /// Fields are required unless they say otherwise.
    pub(crate) fn is_required(&self) -> bool {
        self.input["required"].as_bool().unwrap_or(true)
    }
}

/// The fields of a form, in the order shown.
pub(crate) fn fields(form: &Value) -> impl Iterator<Item = Field<'_>> {
    form["components"].as_array().into_iter().flatten().flat_map(|part| {
        let row = part["components"].as_array().map_or(&[][..], Vec::as_slice);
        let labelled = part.get("component").filter(|_| part["type"] == LABEL);
        let in_row =
            row.iter().map(|input| Field { label: input["label"].as_str().unwrap_or_default(), input });
        let under_label = labelled
            .into_iter()
            .map(|input| Field { label: part["label"].as_str().unwrap_or_default(), input });
        in_row.chain(under_label)
    })
}

impl World {
    /// The form that the bot answered an interaction of that person with.
    pub(crate) fn form(
        &self,
        person: Snowflake,
        interaction: Snowflake,
    ) -> Result<(&Interaction, &Value), PlayError> {
        let found = self.interactions.get(&interaction).filter(|known| known.person == person);
        let answer = found.and_then(|known| Some((known, known.answer.as_ref()?)));
        let form = answer.filter(|(_, answer)| answer.kind == MODAL_ANSWER);
        let form = form.and_then(|(known, answer)| Some((known, answer.data.as_ref()?)));
        form.ok_or_else(|| PlayError::BadOption(format!("no form is open in the interaction {interaction}")))
    }

    /// A form filled in, values by `custom_id`.
    pub(crate) fn submit(
        &self,
        person: Snowflake,
        interaction: Snowflake,
        values: &Map<String, Value>,
    ) -> Result<Invocation, PlayError> {
        let (opened, form) = self.form(person, interaction)?;
        if let Some(name) = values.keys().find(|name| !fields(form).any(|field| field.custom_id() == **name))
        {
            return Err(PlayError::BadOption(format!("the form has no field {name:?}")));
        }
        for field in fields(form) {
            check(&field, values)?;
        }
        let parts = form["components"].as_array().into_iter().flatten();
        let components: Vec<Value> = parts.map(|part| filled(part, values)).collect();
        Ok(Invocation {
            kind: MODAL_SUBMIT,
            person,
            channel: opened.channel,
            message: opened.message,
            name: opened.name.clone(),
            data: json!({ "custom_id": form["custom_id"], "components": components }),
        })
    }
}

fn check(field: &Field<'_>, values: &Map<String, Value>) -> Result<(), PlayError> {
    let name = field.custom_id();
    let length = values.get(name).and_then(Value::as_str).map_or(0, |text| text.chars().count());
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    if length == 0 {
        let missing = PlayError::BadOption(format!("the field {name:?} is required"));
        return if field.is_required() { Err(missing) } else { Ok(()) };
    }
    let least = field.input["min_length"].as_u64().unwrap_or(0);
    let most = field.input["max_length"].as_u64().unwrap_or(TEXT_LIMIT);
    if (least..=most).contains(&length) {
        return Ok(());
    }
    Err(PlayError::BadOption(format!("the field {name:?} takes {least} to {most} characters")))
}

/// A part of the form as a submission carries it: ids and values only.
fn filled(part: &Value, values: &Map<String, Value>) -> Value {
    let input = |input: &Value| {
        let given = input["custom_id"].as_str().and_then(|name| values.get(name)).cloned();
        let mut filled = json!({ "type": input["type"], "custom_id": input["custom_id"], "id": input["id"] });
        if input["type"] == TEXT_INPUT {
            filled["value"] = given.unwrap_or_else(|| json!(""));
        } else {
            filled["values"] = json!(given.into_iter().collect::<Vec<_>>());
        }
        filled
    };
    match part["type"].as_u64() {
        Some(ACTION_ROW) => {
            let inputs: Vec<Value> = part["components"].as_array().into_iter().flatten().map(input).collect();
            json!({ "type": ACTION_ROW, "id": part["id"], "components": inputs })
        }
        Some(LABEL) => json!({ "type": LABEL, "id": part["id"], "component": input(&part["component"]) }),
        _ => json!({ "type": part["type"], "id": part["id"] }),
    }
}
