//! The text that is printed when the sandbox has started.

use teamwire_sandbox::Sandbox;

use crate::options::Variables;

const NAMES: [&str; 3] = ["TEAMWIRE_URL", "TEAMWIRE_APP_ID", "TEAMWIRE_SECRET"];

/// Returns the variables of a bot, a line each.
fn variables(sandbox: &Sandbox, form: Variables) -> String {
    let line = |name: &str| {
        let value = sandbox.var(name)?;
        Some(match form {
            Variables::Sh => format!("export {name}={value}\n"),
            Variables::PowerShell => format!("$env:{name} = '{value}'\n"),
            Variables::Env => format!("{name}={value}\n"),
        })
    };
    NAMES.into_iter().filter_map(line).collect()
}

/// Returns the first screen. `note` is a remark about the address, or empty.
pub(crate) fn first(sandbox: &Sandbox, form: Variables, note: &str) -> String {
    let overview = sandbox.with_world(|world, _| world.overview());
    let variables = variables(sandbox, form);
    let (place, other_forms) = match form {
        Variables::Sh => ("Run these lines in the terminal of your bot", "--variables powershell or env"),
        Variables::PowerShell => ("Run these lines in the PowerShell of your bot", "--variables sh or env"),
        Variables::Env => ("Put these lines into the .env file of your bot", "--variables sh or powershell"),
    };
    let request = match form {
        Variables::PowerShell => {
            r#"curl.exe -u "${env:TEAMWIRE_APP_ID}:$env:TEAMWIRE_SECRET" "$env:TEAMWIRE_URL/v1/chats""#
        }
        Variables::Sh | Variables::Env => r#"curl -u "$TEAMWIRE_APP_ID:$TEAMWIRE_SECRET" "$TEAMWIRE_URL/v1/chats""#,
    };
    let page = sandbox
        .page_url()
        .map(|url| format!("The page, to play the people and watch the bot: {url}\n"))
        .unwrap_or_default();
    let note = if note.is_empty() { String::new() } else { format!("{note}\n") };
    format!(
        "Teamwire sandbox, for development and tests only. {data}\n{page}{note}\n\
         {overview}\n\
         {place} ({other_forms} for another form):\n\n{variables}\n\
         Then start the bot there, or try: {request}\n\
         Each request is shown here. In tests, Sandbox::as_person lets the users above act.\n\n\
         Press Ctrl-C to stop.\n"
    )
}

#[cfg(test)]
mod tests {
    use teamwire_sandbox::org;

    use super::*;

    #[test]
    fn variables_have_the_form_that_is_requested() {
        let sandbox = Sandbox::builder().key("app-1", "secret-1").start().expect("a port is free");
        let url = sandbox.url();
        for (form, expected) in [
            (Variables::Sh, [format!("export TEAMWIRE_URL={url}\n"), "export TEAMWIRE_APP_ID=app-1\n".into()]),
            (
                Variables::PowerShell,
                [format!("$env:TEAMWIRE_URL = '{url}'\n"), "$env:TEAMWIRE_APP_ID = 'app-1'\n".into()],
    let data = match sandbox.data_folder() {
        Some(folder) => format!("The world is kept in {}.", folder.display()),
        None => "All data is lost when it stops.".to_owned(),
    };
            ),
            (Variables::Env, [format!("\nTEAMWIRE_URL={url}\n"), "\nTEAMWIRE_APP_ID=app-1\n".into()]),
        ] {
            let screen = first(&sandbox, form, "");
            assert!(expected.iter().all(|line| screen.contains(line)), "{screen}");
        }
    }

    #[test]
    fn all_ids_are_listed() {
        let sandbox = Sandbox::start().expect("a port is free");
        let screen = first(&sandbox, Variables::Sh, "A note.");
        let others = [org::BOT, org::LOBBY, org::NOTICES, org::CONTROL_ROOM, org::ON_CALL, org::EVERYONE];
        for id in org::PEOPLE.iter().chain(&others) {
            assert!(screen.contains(&format!(" {id} ")), "{id}:\n{screen}");
        }
        assert!(!screen.contains(org::JANA) && !screen.contains(org::IVAN), "{screen}");
        assert!(screen.contains("\nA note.\n") && screen.lines().all(|line| line.len() <= 120), "{screen}");
    }
}
