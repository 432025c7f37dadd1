//! Forms: fields with their label, help and error; buttons; the summary of what is wrong.

use maud::{Markup, html};

/// How much a button weighs. One primary a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// One action among others.
    #[default]
    Plain,
    /// The action that the page is for.
    Primary,
    /// Ends or deletes something.
    Danger,
    /// Hardly there.
    Quiet,
}

impl Style {
    const fn class(self) -> &'static str {
        match self {
            Self::Plain => "button",
            Self::Primary => "button button-primary",
            Self::Danger => "button button-danger",
            Self::Quiet => "button button-quiet",
        }
    }
}

/// A button that sends its form.
pub fn button(style: Style, text: &str) -> Markup {
    html! { button class=(style.class()) type="submit" { (text) } }
}

/// A link that looks like a button.
pub fn link_button(style: Style, href: &str, text: &str) -> Markup {
    html! { a class=(style.class()) href=(href) { (text) } }
}

/// A value that goes along with a form.
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// One of the values to choose from.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// What is sent.
    pub value: &'a str,
    /// What is read.
    pub label: &'a str,
}

/// What a field is filled with.
#[derive(Clone, Copy, Debug)]
pub enum Kind<'a> {
    /// One line of the given input type: `text`, `search`, `number`, `datetime-local`, `date`.
    Line(&'a str),
    /// Several lines.
    Lines,
    /// One of several.
    Choices(&'a [Choice<'a>]),
}

/// A labelled place to fill in.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// The name that is sent, and the id.
    pub name: &'a str,
    /// What it is.
    pub label: &'a str,
    /// What is in it: the stored value, or what was typed before it failed.
    pub value: &'a str,
    /// What happens when it is left empty.
    pub placeholder: &'a str,
    /// A hint under the control; empty for none.
    pub help: &'a str,
    /// What is wrong with it.
    pub error: Option<&'a str>,
    /// It can't be left empty, and says so.
    pub required: bool,
    /// How it is filled.
    pub kind: Kind<'a>,
}

impl Default for Field<'_> {
    fn default() -> Self {
        Self {
            name: "",
            label: "",
            value: "",
            placeholder: "",
            help: "",
            error: None,
            required: false,
            kind: Kind::Line("text"),
        }
    }
}

impl Field<'_> {
    /// The ids of help and error, in reading order.
    fn described_by(&self) -> Option<String> {
        let help = (!self.help.is_empty()).then(|| format!("{}-help", self.name));
        let error = self.error.map(|_| format!("{}-error", self.name));
        let ids: Vec<String> = help.into_iter().chain(error).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// A field with its label, help, error and control.
pub fn field(field: &Field<'_>) -> Markup {
    html! {
        div .field {
            label for=(field.name) { (field.label) @if field.required { span .required { " (required)" } } }
            (control(field))
            @if !field.help.is_empty() { p .help id={ (field.name) "-help" } { (field.help) } }
            @if let Some(error) = field.error { p .error id={ (field.name) "-error" } { (error) } }
        }
    }
}

fn control(field: &Field<'_>) -> Markup {
    let Field { name, value, required, .. } = *field;
    let invalid = field.error.map(|_| "true");
    let placeholder = (!field.placeholder.is_empty()).then_some(field.placeholder);
    let described = field.described_by();
    html! {
        @match field.kind {
            Kind::Line(kind) => {
                input .input type=(kind) id=(name) name=(name) value=(value) required[required]
                    placeholder=[placeholder] aria-invalid=[invalid] aria-describedby=[described];
            }
            Kind::Lines => {
                textarea .input id=(name) name=(name) rows="4" required[required] placeholder=[placeholder]
                    aria-invalid=[invalid] aria-describedby=[described] { (value) }
            }
            Kind::Choices(choices) => {
                select .input id=(name) name=(name) aria-invalid=[invalid] aria-describedby=[described] {
                    @for choice in choices {
                        option value=(choice.value) selected[choice.value == value] { (choice.label) }
                    }
                }
            }
        }
    }
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name; empty when it is the form as a whole.
    pub field: String,
    /// What is wrong, as a sentence.
    pub text: String,
}

/// Everything that is wrong, on top of the form, each with a link to its field; nothing when all is well.
pub fn error_summary(errors: &[FieldError]) -> Markup {
    html! {
        @if !errors.is_empty() {
            div .summary role="alert" tabindex="-1" {
                h2 { "Nothing was saved yet" }
                ul {
                    @for error in errors {
                        li {
                            @if error.field.is_empty() { (error.text) }
                            @else { a href={ "#" (error.field) } { (error.text) } }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_failed_keeps_what_was_typed_and_says_why() {
        let shown = field(&Field {
            name: "seats",
            label: "Seats",
            value: "<many>",
            help: "1 to 100",
            error: Some("Seats must be a number from 1 to 100."),
            ..Field::default()
        });
        insta::assert_snapshot!(shown.into_string().replace("><", ">\n<"), @r#"
        <div class="field">
        <label for="seats">Seats</label>
        <input class="input" type="text" id="seats" name="seats" value="&lt;many&gt;" aria-invalid="true" aria-describedby="seats-help seats-error">
        <p class="help" id="seats-help">1 to 100</p>
        <p class="error" id="seats-error">Seats must be a number from 1 to 100.</p>
        </div>
        "#);
    }

    #[test]
    fn the_chosen_one_is_selected() {
        let choices = [Choice { value: "1", label: "One" }, Choice { value: "2", label: "Two" }];
        let shown =
            field(&Field { name: "n", value: "2", kind: Kind::Choices(&choices), ..Field::default() });
        assert!(shown.into_string().contains("<option value=\"2\" selected>Two</option>"));
    }
}
