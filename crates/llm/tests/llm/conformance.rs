//! The adapter in the suite of its port.

use std::sync::Arc;

use memo_conformance::{ModelBehaviour, TestModel};
use memo_domain::LanguageModel;

use crate::fake::{Fake, KEY, Reply};

struct Chat {
    fake: Arc<Fake>,
    model: Arc<dyn LanguageModel>,
}

impl TestModel for Chat {
    fn model(&self) -> Arc<dyn LanguageModel> {
        self.model.clone()
    }

    fn behave(&self, behaviour: ModelBehaviour) -> bool {
        self.fake.reply(match behaviour {
            ModelBehaviour::Answers(parts) => Reply::Answer(parts.iter().map(ToString::to_string).collect()),
            ModelBehaviour::BreaksOff(text) => Reply::BreakOff(text.to_owned()),
            ModelBehaviour::Silent => Reply::Hang,
            ModelBehaviour::SilentAfter(text) | ModelBehaviour::WaitsAfter(text) => Reply::Begin(text.to_owned()),
            ModelBehaviour::Endless => Reply::Endless,
            ModelBehaviour::Refuses(text) => {
                Reply::Status(400, String::new(), format!(r#"{{"error": {{"message": "{text} {KEY}"}}}}"#))
            }
            ModelBehaviour::Garbage(text) => Reply::Typed("application/json", format!(r#"{{"choices": "{text}"}}"#)),
            ModelBehaviour::Redirects => {
                Reply::Status(307, format!("Location: {}/elsewhere\r\n", self.fake.url), String::new())
            }
        });
        true
    }

    fn running(&self) -> usize {
        self.fake.running()
    }

    fn followed_redirects(&self) -> usize {
        self.fake.requests_to("POST /v1/elsewhere") + self.fake.requests_to("GET /v1/elsewhere")
    }

    fn credentials(&self) -> Vec<String> {
        vec![KEY.to_owned()]
    }
}

async fn chat() -> Option<Box<dyn TestModel>> {
    let fake = Fake::start().await;
    let model = Arc::new(fake.model());
    Some(Box::new(Chat { fake, model }))
}

memo_conformance::language_model_tests!(chat);
