use std::{env, fs, process};

use teamwire_blocking::{
    Draft,
    model::{Attachment, Download, Upload},
};
use teamwire_testing::{World, org};

use crate::client;

#[test]
fn files_are_those_of_the_operating_system() {
    let folder = env::temp_dir().join(format!("teamwire-testing-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    fs::write(path("log"), vec![7; 300_000]).unwrap();
    for is_async in [false, true] {
        let world = World::new(1);
        let draft = || Draft::text("the log").attach(Upload::from_path(path("log")));
        let received = path("received");
        let message = if is_async {
            let client = client(&world);
            world.run(async { client.chats().chat(org::LOBBY).post(draft()).await }).unwrap()
        } else {
            world.blocking().chats().chat(org::LOBBY).post(draft()).unwrap()
        };
        let Some(Attachment::File(asset)) = message.attachments.first() else { panic!("{message:?}") };
        if is_async {
            let client = client(&world);
            world.run(client.chats().download_to(Download::new(asset), &received)).unwrap();
        } else {
            world.blocking().chats().download_to(Download::new(asset), &received).unwrap();
        }
        assert_eq!(fs::read(&received).unwrap(), vec![7; 300_000]);
        fs::remove_file(received).unwrap();
    }
    fs::remove_dir_all(folder).unwrap();
}
