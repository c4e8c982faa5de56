//! Chromium, driven by chromedriver.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::common::{eventually, free_address};
use crate::servers::installed;

/// What a reader has in front of himself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) dark: bool,
}

pub(super) const DESKTOP: Screen = Screen { width: 1280, height: 900, dark: false };
pub(super) const PHONE: Screen = Screen { width: 390, height: 844, dark: false };

/// One browser at a time: a small machine that runs several is slow enough to miss deadlines.
static ONE: Mutex<()> = Mutex::new(());

pub(super) struct Browser {
    client: Client,
    driver: Child,
    runtime: Runtime,
    _one: MutexGuard<'static, ()>,
}

impl Browser {
    /// A browser whose downloads go to `downloads`.
    pub(super) fn open(screen: Screen, downloads: &Path) -> Self {
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let runtime = Runtime::new().unwrap();
        let address = free_address();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={}", address.port()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let driver = installed("chromedriver", driver);
        eventually("chromedriver listens", || std::net::TcpStream::connect(address).ok());
        let Value::Object(capabilities) = capabilities(screen, downloads) else { unreachable!() };
        let client = runtime.block_on(async {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(capabilities).connect(&format!("http://{address}")).await.unwrap()
        });
        Self { client, driver, runtime, _one: one }
    }

    pub(super) fn goto(&self, url: &str) {
        self.runtime.block_on(self.client.goto(url)).unwrap();
    }

    /// Clicks the first element with this CSS selector, as a person does.
    pub(super) fn click(&self, selector: &str) {
        let click = async { self.client.find(Locator::Css(selector)).await?.click().await };
        self.runtime.block_on(click).unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Clicks the link with this text.
    pub(super) fn follow(&self, text: &str) {
        let click = async { self.client.find(Locator::LinkText(text)).await?.click().await };
        self.runtime.block_on(click).unwrap_or_else(|error| panic!("{text}: {error}"));
    }

    /// Types into the element with this CSS selector.
    pub(super) fn type_into(&self, selector: &str, text: &str) {
        let keys = async { self.client.find(Locator::Css(selector)).await?.send_keys(text).await };
        self.runtime.block_on(keys).unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// The result of a script, which returns it.
    pub(super) fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.runtime.block_on(self.client.execute(script, arguments)).unwrap()
    }

    /// The result of a script that passes it to its last argument.
    pub(super) fn run_async(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.runtime.block_on(self.client.execute_async(script, arguments)).unwrap()
    }

    /// The text of the page that a reader sees.
    pub(super) fn text(&self) -> String {
        self.run("return document.body.innerText", vec![]).as_str().unwrap().to_owned()
    }

    /// The text of the first element with this CSS selector; empty when there is none.
    pub(super) fn text_of(&self, selector: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
        self.run(script, vec![selector.into()]).as_str().unwrap().to_owned()
    }

    /// Waits until the page shows this text.
    pub(super) fn wait_for(&self, part: &str) -> String {
        self.wait_in("body", part)
    }

    /// Waits until the element shows this text.
    pub(super) fn wait_in(&self, selector: &str, part: &str) -> String {
        let mut last = String::new();
        for _ in 0..150 {
            last = self.text_of(selector);
            if last.contains(part) {
                return last;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("{selector} does not show {part:?}: {last}");
    }

    /// The clipboard, pasted into a field.
    pub(super) fn clipboard(&self) -> String {
        let field =
            "const field = document.createElement('input'); field.id = 'pasted'; document.body.append(field);
                     field.focus();";
        self.run(field, vec![]);
        // Control and v, then all keys up.
        self.type_into("#pasted", "\u{e009}v\u{e000}");
        let text = self.run(
            "const field = document.getElementById('pasted'); const { value } = field; field.remove();
                             return value",
            vec![],
        );
        text.as_str().unwrap().to_owned()
    }

    /// Nothing is wider than the screen.
    pub(super) fn assert_fits(&self) {
        let widths = self.run("return [document.documentElement.scrollWidth, innerWidth]", vec![]);
        assert!(widths[0].as_u64() <= widths[1].as_u64(), "{widths}: {}", self.text());
    }

    /// The screen as a PNG file.
    pub(super) fn picture(&self) -> Vec<u8> {
        self.runtime.block_on(self.client.screenshot()).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.runtime.block_on(self.client.clone().close());
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn capabilities(screen: Screen, downloads: &Path) -> Value {
    let Screen { width, height, dark } = screen;
    let scheme = u8::from(!dark);
    // Chromium's sandbox does not work for root.
    let arguments = [
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--hide-scrollbars".to_owned(),
        format!("--blink-settings=preferredColorScheme={scheme}"),
        format!("--window-size={width},{height}"),
    ];
    json!({
        "goog:chromeOptions": {
            "args": arguments,
            "prefs": {"download.default_directory": downloads, "download.prompt_for_download": false},
            "mobileEmulation": {"deviceMetrics": {
                "width": width, "height": height, "pixelRatio": 1.0, "touch": false, "mobile": width < 600,
            }},
        },
    })
}
