//! The text that is printed when the sandbox has started.

use teamwire_sandbox::{Sandbox, org};

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

/// Returns commands by which people react and post, without the page.
fn commands_of_people(page_url: &str, form: Variables) -> String {
    let (anna, lobby) = (org::ANNA, org::LOBBY);
    let requests = [
        (format!("people/{anna}/alerts/reaction"), r#"{"reaction_type": "ok"}"#),
        (format!("people/{anna}/chats/{lobby}/messages"), r#"{"msg": "Good morning."}"#),
    ];
    let is_powershell = form == Variables::PowerShell || form == Variables::Env && cfg!(windows);
    let (setup, command): (_, fn(&str, &str) -> String) = if is_powershell {
        let setup = format!(
            "$api = '{page_url}/sandbox/api'\n\
             $json = @{{ Method = 'Post'; ContentType = 'application/json' }}\n"
        );
        (setup, |path, body| format!("Invoke-RestMethod \"$api/{path}\" @json -Body '{body}'\n"))
    } else {
        let setup = format!("API={page_url}/sandbox/api\n");
        (setup, |path, body| format!("curl -H content-type:application/json -d '{body}' $API/{path}\n"))
    };
    setup + &requests.map(|(path, body)| command(&path, body)).concat()
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
    let page_url = sandbox.page_url();
    let page = page_url.as_ref().map(|url| format!("The page, to play the people and watch the bot: {url}\n"));
    let page = page.unwrap_or_default();
    let people = page_url.map(|url| {
        let commands = commands_of_people(&url, form);
        format!("Without the page, these commands react to the newest alert and post, as Anna:\n\n{commands}\n")
    });
    let people = people.unwrap_or_default();
    let note = if note.is_empty() { String::new() } else { format!("{note}\n") };
    let data = match sandbox.data_folder() {
        Some(folder) => format!("The world is kept in {}.", folder.display()),
        None => "All data is lost when it stops.".to_owned(),
    };
    format!(
        "Teamwire sandbox, for development and tests only. {data}\n{page}{note}\n\
         {overview}\n\
         {place} ({other_forms} for another form):\n\n{variables}\n\
         Then start the bot there, or try: {request}\n\
         Each request is shown here.\n\n\
         {people}\
         Press Ctrl-C to stop.\n"
    )
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{SocketAddr, TcpStream},
    };

    use super::*;

    /// Sends the request of a command, and returns the status.
    fn send(page: SocketAddr, command: &str) -> String {
        let between = |start: &str, end: char| command.split_once(start)?.1.split(end).next();
        let path = between("$API/", '\n').or_else(|| between("$api/", '"')).expect("it has a path");
        let body = between(" '", '\'').expect("it has a body");
        let head = format!(
            "POST /sandbox/api/{path} HTTP/1.0\r\nHost: {page}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(page).expect("the page listens");
        stream.write_all(format!("{head}{body}").as_bytes()).expect("the connection is open");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("the response is text");
        response.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    #[test]
    fn commands_of_people_work_in_each_form() {
        let sandbox = Sandbox::builder().page(([127, 0, 0, 1], 0).into()).start().expect("a port is free");
        let page = sandbox.page_address().expect("it has a page");
        let screen_of = |form| first(&sandbox, form, "");
        for (form, is_command) in [
            (Variables::Sh, (|line| line.starts_with("curl -H")) as fn(&&str) -> bool),
            (Variables::PowerShell, |line| line.starts_with("Invoke-RestMethod")),
        ] {
            sandbox.as_person(org::BEN).post_alert(org::LOBBY, "Pump 3 is down", "alert").expect("he is a member");
            let screen = screen_of(form);
            assert!(screen.contains(&format!("http://{page}/sandbox/api")), "{screen}");
            assert!(screen.lines().all(|line| line.len() <= 120), "{screen}");
            let commands: Vec<_> = screen.lines().filter(is_command).collect();
            let statuses: Vec<_> = commands.iter().map(|command| send(page, command)).collect();
            assert_eq!(statuses, ["200", "201"], "{screen}");
            assert_eq!(sandbox.texts(org::LOBBY).last(), Some(&Some("Good morning.".to_owned())));
        }
    }

    #[test]
    fn variables_have_the_form_that_is_requested() {
        let sandbox = Sandbox::builder().key("app-1", "secret-1").start().expect("a port is free");
        let url = sandbox.url();
        for (form, expected) in [
            (Variables::Sh, [format!("export TEAMWIRE_URL={url}\n"), "export TEAMWIRE_APP_ID=app-1\n".into()]),
            (
                Variables::PowerShell,
                [format!("$env:TEAMWIRE_URL = '{url}'\n"), "$env:TEAMWIRE_APP_ID = 'app-1'\n".into()],
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
